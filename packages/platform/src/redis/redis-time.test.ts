import { expect, it } from 'vitest';
import { clockAheadOfServerMs } from './redis-time.ts';

/** A Redis whose clock shows a fixed time. */
function redisAt(nowMs: number) {
  return {
    async time(): Promise<[number, number]> {
      return [Math.floor(nowMs / 1_000), (nowMs % 1_000) * 1_000];
    },
  };
}

it.each([0, 120_000, -120_000])('a host whose clock is %i ms ahead of Redis’ is found out', async (aheadMs) => {
  const measured = await clockAheadOfServerMs(redisAt(Date.now() - aheadMs) as never);
  // Minutes are distinguishable, however slow the machine is between two readings of a clock.
  expect(Math.round((measured - aheadMs) / 60_000)).toBeCloseTo(0);
});
