import { setTimeout as pause } from 'node:timers/promises';
import { isConflict } from './sql-error.ts';

const FIRST_WAIT_MS = 25;
const MAX_WAIT_MS = 1_000;
/** While other processes write continuously, a lock is free only for moments. */
const MAX_WAIT_FOR_LOCK_MS = 150;

/** Repeats the attempt with growing pauses while its error is retryable and there is time; then throws the last error. */
export async function retry<T>(
  attempt: () => Promise<T>,
  {
    isRetryable,
    timeoutMs,
    signal,
  }: { isRetryable: (error: unknown) => boolean; timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<T> {
  const startedAt = performance.now();
  let wait = FIRST_WAIT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      wait = Math.min(wait, isConflict(error) ? MAX_WAIT_FOR_LOCK_MS : MAX_WAIT_MS);
      if (signal?.aborted || !isRetryable(error) || performance.now() - startedAt + wait > timeoutMs) throw error;
      await pause(wait * (0.5 + Math.random() / 2), undefined, signal ? { signal } : {}).catch(() => {});
      wait *= 2;
    }
  }
}
