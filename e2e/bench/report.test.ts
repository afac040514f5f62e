import { expect, it } from 'vitest';
import type { Bench, Figures } from './bench.ts';
import { fallsShort, report } from './report.ts';

const bench = (guide: Bench['guide']): Bench => ({
  name: 'a token expires',
  measured: 'all served',
  against: 'the endpoint alone',
  guide,
  run: () => Promise.reject(new Error('not run here')),
});
/** Ratios 1.2, 1.4 and, where another process used the machine, 9. */
const figures: Figures = {
  unit: 'ms',
  rounds: [
    { measured: 900, against: 100 },
    { measured: 120, against: 100 },
    { measured: 280, against: 200 },
  ],
  facts: [{ what: 'one request', holds: true }],
};

it('judges by the median of the ratios', () => {
  expect(fallsShort(bench({ atMost: 1.4 }), figures)).toBe(false);
  expect(fallsShort(bench({ atMost: 1.39 }), figures)).toBe(true);
  expect(fallsShort(bench({ atLeast: 1.4 }), figures)).toBe(false);
  expect(fallsShort(bench({ atLeast: 1.41 }), figures)).toBe(true);
});

it('judges by the difference, or by the measurement alone, where the guide demands it', () => {
  expect(fallsShort(bench({ addedAtMost: 80 }), figures)).toBe(false);
  expect(fallsShort(bench({ addedAtMost: 79 }), figures)).toBe(true);
  expect(fallsShort(bench({ measuredAtMost: 280 }), figures)).toBe(false);
  expect(fallsShort(bench({ measuredAtMost: 279 }), figures)).toBe(true);
  expect(report(bench({ addedAtMost: 80 }), figures)).toMatch(/added +guide: at most 80 ms +80\.00 \(20\.00–800\.00\)/);
});

it('falls short where a fact does not hold, however fast it was', () => {
  const twice = { ...figures, facts: [{ what: 'one request', holds: false }] };
  expect(fallsShort(bench({ atMost: 100 }), twice)).toBe(true);
  expect(report(bench({ atMost: 100 }), twice)).toMatch(/FALLS SHORT[\s\S]*one request +DOES NOT HOLD/);
});

it('prints medians, spreads and the guide', () => {
  const printed = report(bench({ atMost: 1.6 }), figures);
  expect(printed).toContain('a token expires: holds, median of 3 rounds');
  expect(printed).toMatch(/measured +all served +280 ms \(120–900\)/);
  expect(printed).toMatch(/against +the endpoint alone +100 ms \(100–200\)/);
  expect(printed).toMatch(/ratio +guide: at most 1\.6 +1\.40 \(1\.20–9\.00\)/);
});
