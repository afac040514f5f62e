import type { Bench, Figures } from './bench.ts';
import { median } from './median.ts';

/** The median of the rounds' own ratios: noise that slows both sides of a round leaves its ratio alone. */
function ratioOf({ rounds }: Figures): number {
  return median(rounds.map(({ measured, against }) => measured / against));
}

export function fallsShort({ guide }: Bench, figures: Figures): boolean {
  const ratio = ratioOf(figures);
  const slow = 'atMost' in guide ? ratio > guide.atMost : ratio < guide.atLeast;
  return slow || figures.facts.some(({ holds }) => !holds);
}

/** What a bench found, as lines to print. */
export function report(bench: Bench, figures: Figures): string {
  const { rounds, unit, facts } = figures;
  const { guide } = bench;
  const spread = (values: readonly number[]): string => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return `${round(median(values))} ${unit} (${round(least)}–${round(most)})`;
  };
  const ratios = rounds.map(({ measured, against }) => measured / against);
  const rows = [
    ['measured', bench.measured, spread(rounds.map(({ measured }) => measured))],
    ['against', bench.against, spread(rounds.map(({ against }) => against))],
    [
      'ratio',
      `guide: ${'atMost' in guide ? `at most ${guide.atMost}` : `at least ${guide.atLeast}`}`,
      `${ratioOf(figures).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
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
