import { expect, it } from 'vitest';
import { clockAheadMs } from './redis-time.ts';

/** Redis' clock `aheadMs` before this host's, behind round trips of these lengths. */
function redisAt(aheadMs: number, ...delaysMs: number[]) {
  return {
    async time(): Promise<[number, number]> {
      const oneWayMs = (delaysMs.shift() ?? 0) / 2;
      await new Promise((resolve) => setTimeout(resolve, oneWayMs));
      const now = Date.now() - aheadMs;
      await new Promise((resolve) => setTimeout(resolve, oneWayMs));
      return [Math.floor(now / 1_000), (now % 1_000) * 1_000];
    },
  };
}

it.each([0, 120_000, -120_000])('a host whose clock is %i ms ahead of Redis’ is found out', async (aheadMs) => {
  // The shortest of the round trips counts, so slow ones of a busy machine do no harm.
  const measured = await clockAheadMs(redisAt(aheadMs, 200, 20, 100, 50, 200) as never);
  expect(Math.round(measured / 10_000) * 10_000).toBe(aheadMs);
});
