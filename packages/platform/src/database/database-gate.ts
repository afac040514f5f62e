import { Failure } from '@wxthirdparty/wechat';

/** Whether statements may be sent to the database now. */
export interface DatabaseGate {
  /** Why not; undefined if they may. Checked before each statement or transaction. */
  refusal(): Failure | undefined;
}

/** Its code is one of those that count as a lost connection (sql-error.ts): nothing was sent, and a retry may succeed. */
export function databaseUnreachable(message: string, cause?: unknown): Failure {
  return new Failure('database_unreachable', 'retry', message, {
    retryAfterMs: 5_000,
    ...(cause === undefined ? {} : { cause }),
  });
}
