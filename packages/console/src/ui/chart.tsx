import { lazy, Suspense, useId } from 'react';
import { useFormat } from '../words/format.ts';
import styles from './chart.module.css';
import { FailedPart } from './failed-part.tsx';
import type { ChartProps } from './series.ts';

const Plot = lazy(() => import('./plot.tsx'));
const HOUR_MS = 3_600_000;

/** Counts over time. Its values are also a table, which only screen readers get. */
export function Chart(props: ChartProps) {
  return (
    <figure className={styles.chart}>
      <div className={styles.plot} aria-hidden="true">
        <FailedPart>
          <Suspense fallback={<div aria-busy="true" />}>
            <Plot {...props} />
          </Suspense>
        </FailedPart>
      </div>
      <HourTable {...props} />
    </figure>
  );
}

function HourTable({ label, from, stepMs, series }: ChartProps) {
  const format = useFormat();
  const id = useId();
  const start = Date.parse(from);
  const stepsPerHour = Math.max(1, Math.round(HOUR_MS / stepMs));
  const length = Math.max(0, ...series.map(({ values }) => values.length));
  const hours = Array.from({ length: Math.ceil(length / stepsPerHour) }, (_, hour) => hour * stepsPerHour);
  return (
    <div className={styles.values}>
      <table aria-labelledby={id}>
        <caption id={id}>{label}</caption>
        <thead>
          <tr>
            <th scope="col">{label}</th>
            {series.map((one) => (
              <th key={one.label} scope="col">
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {hours.map((first) => (
            <tr key={first}>
              <th scope="row">{format.moment(start + first * stepMs)}</th>
              {series.map((one) => (
                <td key={one.label}>{format.number(sum(one.values.slice(first, first + stepsPerHour)))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
