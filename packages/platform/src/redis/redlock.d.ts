/** redlock 5.0.0-beta.2 ships types that its `exports` hides; only what lease.ts uses is declared. */
declare module 'redlock' {
  export class ResourceLockedError extends Error {}
  export class ExecutionError extends Error {
    readonly attempts: readonly Promise<{ readonly votesAgainst: ReadonlyMap<unknown, Error> }>[];
  }
  export interface Lock {
    readonly value: string;
    /** ms on this host's clock, already shortened by the drift. */
    readonly expiration: number;
    extend(durationMs: number): Promise<Lock>;
    release(): Promise<unknown>;
  }
  export default class Redlock {
    constructor(clients: readonly unknown[], settings?: { retryCount?: number });
    on(event: 'error', listener: (error: Error) => void): this;
    acquire(resources: string[], durationMs: number): Promise<Lock>;
  }
}
