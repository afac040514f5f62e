import type { Leaving } from './leave-on-signal.ts';

export interface Invocation {
  /** The environment with `.env` beneath it. */
  readonly env: NodeJS.ProcessEnv;
  readonly args: readonly string[];
  readonly leaving: Leaving;
}

/** One word of the command line. Returning means exit code 0. */
export type Command = (invocation: Invocation) => Promise<void>;
