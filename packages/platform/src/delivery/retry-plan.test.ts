import { expect, it } from 'vitest';
import { givesUp, giveUpAfterMsOf, isNeverHandled, retryDelayMs } from './retry-plan.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

it('repeats a failed delivery after 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 12 h, then daily', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 500].map((failures) => retryDelayMs(failures, () => 0.5));
  const hours = [2, 6, 12, 24, 24, 24].map((n) => n * HOUR_MS);
  expect(delays).toEqual([5_000, 30_000, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, ...hours]);
});

it('varies each delay by a fifth', () => {
  expect(retryDelayMs(1, () => 0)).toBe(4_000);
  expect(retryDelayMs(1, () => 1)).toBe(6_000);
});

it('gives up after three days, or the retention if that is shorter, unless the subscription says otherwise', () => {
  expect(giveUpAfterMsOf(null, 7 * DAY_MS)).toBe(3 * DAY_MS);
  expect(giveUpAfterMsOf(null, DAY_MS)).toBe(DAY_MS);
  expect(giveUpAfterMsOf(60_000, 7 * DAY_MS)).toBe(60_000);
});

it('gives a delivery up only with an attempt that fails after its time', () => {
  const openedAt = new Date('2026-11-28T00:00:00Z');
  const after = (ms: number) => new Date(openedAt.getTime() + ms);
  expect(givesUp(openedAt, after(60_000), 60_000)).toBe(false);
  expect(givesUp(openedAt, after(60_001), 60_000)).toBe(true);
});

it('sends a push that the program does not handle three times, as WeChat does', () => {
  expect([1, 2, 3, 4].map(isNeverHandled)).toEqual([false, false, true, true]);
});
