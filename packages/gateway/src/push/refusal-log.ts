/** Lines per window: enough to see what is going on, too few to fill a disk. */
const LINES = 30;
const WINDOW_MS = 60_000;

/** Bounds what a flood of hostile pushes can write. */
export class RefusalLog {
  readonly #now: () => number;
  #windowEndsAt = 0;
  #written = 0;
  #dropped = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Undefined: write nothing. Otherwise write a line that says how many were dropped before it. */
  next(): { readonly dropped: number } | undefined {
    const now = this.#now();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + WINDOW_MS;
      this.#written = 0;
    }
    if (this.#written >= LINES) {
      this.#dropped++;
      return undefined;
    }
    this.#written++;
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { dropped };
  }
}
