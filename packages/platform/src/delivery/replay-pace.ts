const MIN_PENDING = 10;
const MAX_PENDING = 1_000;
const WINDOW_MS = 1_000;
/** A shorter time says nothing about the rate. */
const MIN_SPAN_MS = 50;

interface Sample {
  readonly at: number;
  readonly added: number;
  readonly pending: number;
}

/**
 * How many deliveries a replay may add now: a subscription has as many pending ones as it settled in the last second, so that live
 * pushes are late by about a second at most.
 */
export class ReplayPace {
  #samples: Sample[] = [];
  #added = 0;

  added(count: number): void {
    this.#added += count;
  }

  /** `pending`: of the subscription, live ones included. `now`: of a monotonic clock (ms). */
  capacity(pending: number, now: number): number {
    this.#samples = [
      ...this.#samples.filter(({ at }) => at >= now - WINDOW_MS),
      { at: now, added: this.#added, pending },
    ];
    return Math.max(0, Math.min(MAX_PENDING, Math.max(MIN_PENDING, this.#settledPerSecond())) - pending);
  }

  /** At least: live pushes that came meanwhile were settled, too. */
  #settledPerSecond(): number {
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    const span = last.at - first.at;
    if (span < MIN_SPAN_MS) return 0;
    const settled = last.added - first.added - (last.pending - first.pending);
    return Math.floor((settled * WINDOW_MS) / span);
  }
}
