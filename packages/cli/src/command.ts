import type { ShutdownRequest } from './shutdown-on-signal.ts';

export interface Invocation {
  /** The environment; variables that it does not set come from `.env`. */
  readonly env: NodeJS.ProcessEnv;
  /** The environment alone. */
  readonly envWithoutFile: NodeJS.ProcessEnv;
  /** Of `.env` and of files with secrets; empty but for a command that reports them itself. */
  readonly faults: readonly string[];
  readonly args: readonly string[];
  readonly shutdown: ShutdownRequest;
}

/** One command of the command line; returns the exit code of the process. Throws UsageError for wrong arguments. */
export type Command = (invocation: Invocation) => Promise<number>;
