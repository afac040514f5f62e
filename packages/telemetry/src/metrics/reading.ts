import { withDeadline } from '@wxthirdparty/platform';

const INTERVAL_MS = 15_000;
const TIMEOUT_MS = 2_000;

/** State that is read at most every 15 seconds, or in another interval, however often it is asked for. */
export class Reading<State> {
  readonly #read: () => Promise<State>;
  readonly #now: () => number;
  readonly #intervalMs: number;
  #readAt = Number.NEGATIVE_INFINITY;
  #state: Promise<State | undefined> = Promise.resolve(undefined);

  /** `now`: milliseconds of a monotonic clock. */
  constructor(read: () => Promise<State>, now: () => number = () => performance.now(), intervalMs = INTERVAL_MS) {
    this.#read = read;
    this.#now = now;
    this.#intervalMs = intervalMs;
  }

  /** Undefined: it could not be read, or not in two seconds. */
  latest(): Promise<State | undefined> {
    const now = this.#now();
    if (now - this.#readAt < this.#intervalMs) return this.#state;
    this.#readAt = now;
    this.#state = this.#inTime().catch(() => undefined);
    return this.#state;
  }

  async #inTime(): Promise<State> {
    return withDeadline(this.#read(), TIMEOUT_MS, () => new Error('no answer in time'));
  }
}
