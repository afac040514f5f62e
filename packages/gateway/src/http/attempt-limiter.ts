import { BoundedCache } from '@wxthirdparty/platform';
import { networkOf } from './network-of.ts';

/** Bounds the memory that an attacker with many addresses can fill. */
const MAX_NETWORKS = 10_000;

interface Tally {
  failures: number;
  endsAt: number;
}

export interface AttemptBounds {
  readonly failures: number;
  /** From the first failure. */
  readonly windowMs: number;
}

/** Limits how often an address may fail, or do something else that is limited. */
export class AttemptLimiter {
  readonly #tallies = new BoundedCache<string, Tally>(MAX_NETWORKS);
  readonly #bounds: AttemptBounds;
  readonly #now: () => number;

  constructor(bounds: AttemptBounds, now: () => number = Date.now) {
    this.#bounds = bounds;
    this.#now = now;
  }

  /** For how long this address must not try again; 0 if it may. */
  blockedMs(address: string): number {
    const tally = this.#tallies.get(networkOf(address));
    if (tally === undefined || tally.failures < this.#bounds.failures) return 0;
    return Math.max(0, tally.endsAt - this.#now());
  }

  failed(address: string): void {
    const network = networkOf(address);
    const known = this.#tallies.get(network);
    if (known !== undefined && known.endsAt > this.#now()) {
      known.failures++;
      return;
    }
    this.#tallies.set(network, { failures: 1, endsAt: this.#now() + this.#bounds.windowMs });
  }
}
