import { setTimeout as pause } from 'node:timers/promises';

/** Short at first, so that a short wait ends soon; longer later, so that a long wait takes little CPU time. */
const MIN_PAUSE_MS = 25;
const MAX_PAUSE_MS = 100;

/**
 * Waits for a condition, never for a time: returns its first value that is neither false nor undefined. The limit only
 * ends a wait that hangs.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false | undefined> | T | false | undefined,
  withinMs = 240_000,
): Promise<T> {
  const begunAt = performance.now();
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    const elapsedMs = performance.now() - begunAt;
    if (elapsedMs > withinMs) {
      throw new Error(
        `not within ${withinMs} ms: ${what} (last: ${last instanceof Error ? last.message : String(last)})`,
      );
    }
    await pause(Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS + elapsedMs / 20));
  }
}
