/** So many failures in a row are no accident. */
const MAX_FAILURES = 3;
/** Who waits longer than this for nothing has waited for all: the next one should not. */
const SLOW_FAILURE_MS = 1_000;
const PAUSE_MS = 10_000;

/**
 * What is known of one host's willingness to take connections. Closed: it is used. Open: it is not, until a pause is
 * over. Half-open: one probe is on its way. Times are milliseconds of one monotonic clock.
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

  /** No connection came about for a try begun at `begunAt`. True where this opens the circuit. */
  failed(begunAt: number, at: number): boolean {
    // Older than what we know.
    if (this.#state === 'closed' && begunAt < this.#changedAt) return false;
    this.#failedAt = at;
    this.#failures++;
    const wasClosed = this.#state === 'closed';
    if (wasClosed && this.#failures < MAX_FAILURES && at - begunAt < SLOW_FAILURE_MS) return false;
    this.#state = 'open';
    if (wasClosed) this.#changedAt = at;
    return wasClosed;
  }

  /** A connection was there for a try begun at `begunAt`. True where this closes the circuit. */
  succeeded(begunAt: number, at: number): boolean {
    if (this.#state === 'closed') {
      this.#failures = 0;
      return false;
    }
    // An old socket may serve on while no new one comes about.
    if (begunAt < this.#changedAt) return false;
    this.#state = 'closed';
    this.#failures = 0;
    this.#changedAt = at;
    return true;
  }

  /** True for the one who has to look now whether the host lives again; he says `failed` or `succeeded` after that. */
  takeProbe(at: number): boolean {
    if (this.#state !== 'open' || at - this.#failedAt < PAUSE_MS) return false;
    this.#state = 'half-open';
    return true;
  }
}
