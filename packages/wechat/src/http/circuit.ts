/** Consecutive failures after which a circuit opens. */
const MAX_FAILURES = 3;
/** A failure that took longer than this opens the circuit at once, so that the next request does not wait. */
const SLOW_FAILURE_MS = 1_000;
const PAUSE_MS = 10_000;

/**
 * Whether one host accepts connections. Closed: it is used. Open: it is not used until a pause ends. Half-open: one
 * probe is running. Times are milliseconds of one monotonic clock.
 */
export class Circuit {
  #state: 'closed' | 'open' | 'half-open' = 'closed';
  #failures = 0;
  #changedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;

  get closed(): boolean {
    return this.#state === 'closed';
  }

  get failedAt(): number {
    return this.#failedAt;
  }

  /** An attempt started at `startedAt` made no connection. True if this opens the circuit. */
  failed(startedAt: number, at: number): boolean {
    // Older than the last change.
    if (this.#state === 'closed' && startedAt < this.#changedAt) return false;
    this.#failedAt = at;
    this.#failures++;
    const wasClosed = this.#state === 'closed';
    if (wasClosed && this.#failures < MAX_FAILURES && at - startedAt < SLOW_FAILURE_MS) return false;
    this.#state = 'open';
    if (wasClosed) this.#changedAt = at;
    return wasClosed;
  }

  /** An attempt started at `startedAt` had a connection. True if this closes the circuit. */
  succeeded(startedAt: number, at: number): boolean {
    if (this.#state === 'closed') {
      this.#failures = 0;
      return false;
    }
    // An old socket can still work while no new connection can be made.
    if (startedAt < this.#changedAt) return false;
    this.#state = 'closed';
    this.#failures = 0;
    this.#changedAt = at;
    return true;
  }

  /** True if the caller must probe the host now; it then calls `failed` or `succeeded`. */
  takeProbe(at: number): boolean {
    if (this.#state !== 'open' || at - this.#failedAt < PAUSE_MS) return false;
    this.#state = 'half-open';
    return true;
  }
}
