import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition, never for a time: the limit only ends what hangs. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  withinMs = 120_000,
): Promise<void> {
  const begunAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - begunAt > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(10);
  }
}
