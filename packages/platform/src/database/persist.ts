import { setTimeout as pause } from 'node:timers/promises';

const FIRST_WAIT_MS = 25;
const LONGEST_WAIT_MS = 1_000;

/** Attempts again and again, with growing pauses, what failed in a way that `again` knows; throws the last error. */
export async function persist<T>(
  attempt: () => Promise<T>,
  { again, forMs, signal }: { again: (error: unknown) => boolean; forMs: number; signal?: AbortSignal | undefined },
): Promise<T> {
  const begunAt = performance.now();
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted || !again(error) || performance.now() - begunAt + wait > forMs) throw error;
      await pause(wait * (0.5 + Math.random() / 2), undefined, signal ? { signal } : {}).catch(() => {});
    }
  }
}
