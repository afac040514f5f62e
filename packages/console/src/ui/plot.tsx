import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useFormat } from '../words/format.ts';
import styles from './plot.module.css';
import type { ChartProps } from './series.ts';
import { useIsDark } from './theme.ts';

const HEIGHT = 120;
const HOUR_S = 3_600;
const DASH = [4, 3];
const FAILURES = 'failures';
const RIGHT = 1;
/** Wide enough to be seen on a phone. */
const BAR_S = 1_800;
const barsOf = uPlot.paths.bars?.({ size: [0.7], align: 1 });

/** Loaded only where a chart is shown. */
export default function Plot({ from, stepMs, series }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const shown = useRef<uPlot>(null);
  const format = useFormat();
  const dark = useIsDark();
  const lines = series.map(({ label, kind = 'normal' }) => `${kind} ${label}`).join('\n');
  const hasFailures = series.some(({ kind, values }) => kind === 'failures' && values.some((value) => value > 0));
  const data = dataOf(from, stepMs, series);
  const latest = useRef(data);
  latest.current = data;

  // The canvas is made again only for other lines, the first failure, another language or the other theme.
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const colours = coloursOf(element, dark);
    const axis = {
      stroke: colours.muted,
      font: colours.font,
      grid: { stroke: colours.line, width: 1 },
      ticks: { show: false },
    };
    const counts = (_self: uPlot, splits: number[]) =>
      splits.map((value) => (Number.isInteger(value) ? format.number(value) : ''));
    const fromZero: uPlot.Scale.Range = (_self, _min, max) => [0, Math.max(1, max)];
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 0, 0, 0],
        scales: {
          x: { range: (_self, min, max) => [min, max + BAR_S] },
          y: { range: fromZero },
          // Of their own: beside a million of calls a thousand failures would not be visible.
          [FAILURES]: { range: fromZero },
        },
        axes: [
          {
            ...axis,
            incrs: [HOUR_S, 2 * HOUR_S, 3 * HOUR_S, 6 * HOUR_S],
            space: 56,
            size: 24,
            values: (_self, splits) => splits.map(clockOf),
          },
          {
            ...axis,
            size: 48,
            space: 32,
            values: counts,
          },
          {
            ...axis,
            scale: FAILURES,
            side: RIGHT,
            show: hasFailures,
            stroke: colours.fault,
            grid: { show: false },
            size: 40,
            space: 32,
            values: counts,
          },
        ],
        series: [{}, ...lines.split('\n').map((line) => styleOf(line, colours))],
      },
      latest.current,
      element,
    );
    shown.current = plot;
    const resize = new ResizeObserver(() => {
      if (element.clientWidth !== plot.width) plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
      shown.current = null;
    };
  }, [lines, hasFailures, format, dark]);

  useEffect(() => shown.current?.setData(data));
  return <div ref={holder} className={styles.plot} />;
}

function dataOf(from: string, stepMs: number, series: ChartProps['series']): uPlot.AlignedData {
  const start = Date.parse(from) / 1000;
  const steps = Math.max(1, Math.round((BAR_S * 1000) / stepMs));
  const count = Math.max(0, ...series.map(({ values }) => values.length));
  const firsts = Array.from({ length: Math.ceil(count / steps) }, (_, bar) => bar * steps);
  const times = firsts.map((first) => start + (first * stepMs) / 1000);
  const sums = (values: readonly number[]) => firsts.map((first) => sumOf(values.slice(first, first + steps)));
  return [
    times,
    ...series.map(({ values, kind }) => (kind === 'failures' ? withoutZeros(sums(values)) : sums(values))),
  ];
}

/** Only what rises above the axis is drawn, with its slopes. */
function withoutZeros(values: readonly number[]): (number | null)[] {
  return values.map((value, i) => (value || values[i - 1] || values[i + 1] ? value : null));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function styleOf(line: string, colours: ReturnType<typeof coloursOf>): uPlot.Series {
  const shared = { label: line, width: 1.5, points: { show: false } };
  return line.startsWith('failures ')
    ? { ...shared, scale: FAILURES, stroke: colours.fault, dash: DASH }
    : { ...shared, width: 0, fill: colours.accent, ...(barsOf ? { paths: barsOf } : {}) };
}

function clockOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** The canvas needs plain colours; `light-dark()` is resolved by an element's own colour. */
function coloursOf(element: HTMLElement, _dark: boolean) {
  const probe = document.createElement('span');
  element.append(probe);
  const resolve = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    accent: resolve('accent'),
    fault: resolve('fault'),
    muted: resolve('muted'),
    line: resolve('line'),
    font: `12px ${getComputedStyle(element).fontFamily}`,
  };
  probe.remove();
  return colours;
}
