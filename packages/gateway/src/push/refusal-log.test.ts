import { expect, test } from 'vitest';
import { RefusalLog } from './refusal-log.ts';

test('a flood writes 30 lines a minute and the next minute reports how many were dropped', () => {
  let now = 0;
  const refusals = new RefusalLog({ now: () => now });
  const written = Array.from({ length: 1000 }, () => refusals.next()).filter((line) => line !== undefined);
  expect(written).toHaveLength(30);
  now = 60_000;
  expect(refusals.next()).toEqual({ dropped: 970 });
  expect(refusals.next()).toEqual({ dropped: 0 });
});
