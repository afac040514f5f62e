export interface Series {
  readonly label: string;
  readonly values: readonly number[];
  /** `failures` is red and dashed. */
  readonly kind?: 'normal' | 'failures';
}

export interface ChartProps {
  /** What it shows, for screen readers. */
  readonly label: string;
  /** Of the first value. */
  readonly from: string;
  readonly stepMs: number;
  readonly series: readonly Series[];
}
