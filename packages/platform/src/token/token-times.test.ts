import fc from 'fast-check';
import { expect, it } from 'vitest';
import { timesOf } from './token-times.ts';

it('refreshes ten minutes ahead of two hours, with jitter', () => {
  expect(timesOf(7_200_000, () => 0).refreshInMs).toBe(6_600_000);
  expect(timesOf(7_200_000, () => 1).refreshInMs).toBe(6_480_000);
  expect(timesOf(7_200_000).trustForMs).toBe(7_140_000);
});

it('is due before its trust ends, however short it lives', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 86_400_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (life, luck) => {
        const { refreshInMs, trustForMs } = timesOf(life, () => luck);
        expect(refreshInMs).toBeGreaterThan(0);
        expect(refreshInMs).toBeLessThan(trustForMs);
        expect(trustForMs).toBeLessThan(life);
      },
    ),
  );
});
