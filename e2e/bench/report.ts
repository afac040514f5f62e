import type { Bench, Figures, Guide } from './bench.ts';
import { median } from './median.ts';

/** The value that the guide limits, of each round: noise that slows both sides of a round does not change its ratio. */
function judged(guide: Guide, { rounds }: Figures): number[] {
  return rounds.map(({ measured, against }) => {
    if ('measuredAtMost' in guide) return measured;
    return 'addedAtMost' in guide ? measured - against : measured / against;
  });
}

/** The guide in words: the value and its limit. */
function wordsOf(guide: Guide, unit: string): { of: string; guide: string; bound: number; least: boolean } {
  if ('atLeast' in guide) {
    return { of: 'ratio', guide: `at least ${guide.atLeast}`, bound: guide.atLeast, least: true };
  }
  if ('atMost' in guide) return { of: 'ratio', guide: `at most ${guide.atMost}`, bound: guide.atMost, least: false };
  if ('addedAtMost' in guide) {
    return { of: 'added', guide: `at most ${guide.addedAtMost} ${unit}`, bound: guide.addedAtMost, least: false };
  }
  const { measuredAtMost: bound } = guide;
  return { of: 'measured', guide: `at most ${bound} ${unit}`, bound, least: false };
}

export function fallsShort({ guide }: Bench, figures: Figures): boolean {
  const { bound, least } = wordsOf(guide, figures.unit);
  const found = median(judged(guide, figures));
  return (least ? found < bound : found > bound) || figures.facts.some(({ holds }) => !holds);
}

/** The result of a bench, as lines to print. */
export function report(bench: Bench, figures: Figures): string {
  const { rounds, unit, facts } = figures;
  const { guide } = bench;
  const spread = (values: readonly number[]): string => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return `${round(median(values))} ${unit} (${round(least)}–${round(most)})`;
  };
  const all = judged(guide, figures);
  const words = wordsOf(guide, unit);
  const rows = [
    ['measured', bench.measured, spread(rounds.map(({ measured }) => measured))],
    ['against', bench.against, spread(rounds.map(({ against }) => against))],
    [
      words.of,
      `guide: ${words.guide}`,
      `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)})`,
    ],
    ...facts.map(({ what, holds }) => ['fact', what, holds ? 'holds' : 'DOES NOT HOLD']),
  ];
  return [
    `${bench.name}: ${fallsShort(bench, figures) ? 'FALLS SHORT' : 'holds'}, median of ${rounds.length} rounds`,
    ...table(rows),
  ].join('\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
}

function round(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}
