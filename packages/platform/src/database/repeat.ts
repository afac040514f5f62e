import { retry } from './retry.ts';
import { isConflict, isConnectionLoss } from './sql-error.ts';

/** A MariaDB that is restarted answers again within this time. */
const REPEAT_TIMEOUT_MS = 30_000;

/**
 * Repeats idempotent work, such as a transaction that sets values, until it succeeds, even if the connection is lost
 * meanwhile. Plain reads need no `repeat`: openDatabase repeats them.
 */
export function repeat<T>(
  work: () => Promise<T>,
  { timeoutMs = REPEAT_TIMEOUT_MS, signal }: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<T> {
  return retry(work, { isRetryable: (error) => isConnectionLoss(error) || isConflict(error), timeoutMs, signal });
}
