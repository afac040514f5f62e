import { setTimeout as pause } from 'node:timers/promises';
import { isConflict } from './sql-error.ts';

const FIRST_WAIT_MS = 25;
const MAX_WAIT_MS = 1_000;
/** A lock is free for moments only, while others write without end. */
const MAX_WAIT_FOR_LOCK_MS = 150;

/** Attempts again and again, with growing pauses, what failed in a way that `again` knows; throws the last error. */
export async function persist<T>(
  attempt: () => Promise<T>,
  { again, forMs, signal }: { again: (error: unknown) => boolean; forMs: number; signal?: AbortSignal | undefined },
): Promise<T> {
  const begunAt = performance.now();
  let wait = FIRST_WAIT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      wait = Math.min(wait, isConflict(error) ? MAX_WAIT_FOR_LOCK_MS : MAX_WAIT_MS);
      if (signal?.aborted || !again(error) || performance.now() - begunAt + wait > forMs) throw error;
      await pause(wait * (0.5 + Math.random() / 2), undefined, signal ? { signal } : {}).catch(() => {});
      wait *= 2;
    }
  }
}
