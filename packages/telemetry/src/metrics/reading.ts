import { withDeadline } from '@wxthirdparty/platform';

const INTERVAL_MS = 15_000;
const TIMEOUT_MS = 2_000;

/** State that all processes share, read at most every 15 seconds, however many scrapes ask for it. */
export class Reading<State> {
  readonly #read: () => Promise<State>;
  readonly #now: () => number;
  #readAt = Number.NEGATIVE_INFINITY;
  #state: Promise<State | undefined> = Promise.resolve(undefined);

  /** `now`: milliseconds of a monotonic clock. */
  constructor(read: () => Promise<State>, now: () => number = () => performance.now()) {
    this.#read = read;
    this.#now = now;
  }

  /** Undefined: it could not be read, or not in two seconds. */
  latest(): Promise<State | undefined> {
    const now = this.#now();
    if (now - this.#readAt < INTERVAL_MS) return this.#state;
    this.#readAt = now;
    this.#state = this.#inTime().catch(() => undefined);
    return this.#state;
  }

  async #inTime(): Promise<State> {
    return withDeadline(this.#read(), TIMEOUT_MS, () => new Error('no answer in time'));
  }
}
