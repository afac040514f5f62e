/** Lines per window: enough for a diagnosis, too few to fill a disk. */
const LINES = 30;
const WINDOW_MS = 60_000;

/** Limits the log lines that a flood of hostile pushes, or an outage, can cause. */
export class RefusalLog {
  readonly #lines: number;
  readonly #now: () => number;
  #windowEndsAt = 0;
  #written = 0;
  #dropped = 0;

  /** `lines`: in a minute. */
  constructor({ lines = LINES, now = Date.now }: { readonly lines?: number; readonly now?: () => number } = {}) {
    this.#lines = lines;
    this.#now = now;
  }

  /** Undefined: write no line. Otherwise the line contains the number of lines that were dropped before it. */
  next(): { readonly dropped: number } | undefined {
    const now = this.#now();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + WINDOW_MS;
      this.#written = 0;
    }
    if (this.#written >= this.#lines) {
      this.#dropped++;
      return undefined;
    }
    this.#written++;
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { dropped };
  }
}
