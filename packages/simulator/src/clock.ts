/** Wall-clock time whose lifetimes run `scale` times as fast. Moments stay real; only durations shrink. */
export class Clock {
  readonly scale: number;

  constructor(scale: number) {
    this.scale = scale;
  }

  now(): number {
    return Date.now();
  }

  /** Unix seconds, as WeChat writes moments. */
  unix(): number {
    return Math.floor(this.now() / 1000);
  }

  /** How many real milliseconds `seconds` of WeChat's time take here. */
  lasting(seconds: number): number {
    return (seconds * 1000) / this.scale;
  }

  /** The `expires_in` to tell for something that lives `seconds`; never 0, which clients take for "no answer". */
  told(seconds: number): number {
    return Math.max(1, Math.floor(seconds / this.scale));
  }

  /** The day that quotas count by: the calendar day of Beijing, never scaled. */
  beijingDay(): string {
    return new Date(this.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  }
}
