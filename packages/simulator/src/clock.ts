/** Wall-clock time with lifetimes that pass `scale` times as fast. Points in time stay real; only durations shrink. */
export class Clock {
  readonly scale: number;

  constructor(scale: number) {
    this.scale = scale;
  }

  now(): number {
    return Date.now();
  }

  /** Unix seconds, in which WeChat writes points in time. */
  unix(): number {
    return Math.floor(this.now() / 1000);
  }

  /** The real milliseconds that `seconds` of WeChat's time take. */
  lasting(seconds: number): number {
    return (seconds * 1000) / this.scale;
  }

  /** The `expires_in` of something with a lifetime of `seconds`; never 0, which clients treat as missing. */
  expiresIn(seconds: number): number {
    return Math.max(1, Math.floor(seconds / this.scale));
  }

  /** The day by which quotas are counted: the calendar day of Beijing, never scaled. */
  beijingDay(): string {
    return new Date(this.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  }
}
