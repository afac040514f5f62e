import { persist } from './persist.ts';
import { isConflict, isConnectionLoss } from './sql-error.ts';

/** A MariaDB that is restarted is back by then. */
const PATIENCE_MS = 30_000;

/**
 * Runs work that may happen twice – a transaction that sets what it finds to what it shall be, for example – until it
 * went through, whatever became of the connection meanwhile. Plain reads need no such care: openDatabase repeats them.
 */
export function repeat<T>(
  work: () => Promise<T>,
  { forMs = PATIENCE_MS, signal }: { forMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<T> {
  return persist(work, { again: (error) => isConnectionLoss(error) || isConflict(error), forMs, signal });
}
