import type { Leaving } from './leave-on-signal.ts';

export interface Invocation {
  /** The environment with `.env` beneath it. */
  readonly env: NodeJS.ProcessEnv;
  /** The environment alone. */
  readonly envWithoutFile: NodeJS.ProcessEnv;
  readonly args: readonly string[];
  readonly leaving: Leaving;
}

/** One word of the command line. Answers the exit code of the process. */
export type Command = (invocation: Invocation) => Promise<number>;
