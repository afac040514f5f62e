import { expect, it } from 'vitest';
import { Reading } from './reading.ts';

it('reads at most every 15 seconds, however many scrapes ask', async () => {
  let now = 0;
  let reads = 0;
  const reading = new Reading(
    async () => ++reads,
    () => now,
  );
  expect(await Promise.all([reading.latest(), reading.latest()])).toEqual([1, 1]);
  now = 14_999;
  expect(await reading.latest()).toBe(1);
  now = 15_000;
  expect(await reading.latest()).toBe(2);
});

it('is absent after a failure, for as long', async () => {
  let now = 0;
  let fails = true;
  const read = async () => {
    if (fails) throw new Error('away');
    return 'state';
  };
  const reading = new Reading(read, () => now);
  expect(await reading.latest()).toBeUndefined();
  fails = false;
  expect(await reading.latest()).toBeUndefined();
  now = 15_000;
  expect(await reading.latest()).toBe('state');
});
