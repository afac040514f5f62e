export interface SeenRequest {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly component: string | null;
  readonly account: string | null;
  /** The errcode of the answer, or the name of the fault instead of it. */
  readonly errcode: number | string;
  readonly durationMs: number;
  readonly port: number;
}

type Counts = Record<string, number>;

const MAX_REMEMBERED = 5000;

/** The requests of callers, counted. */
export class Traffic {
  #requests: Counts = {};
  #byAccount: Record<string, Counts> = {};
  #outcomes: Record<string, Counts> = {};
  #seen: SeenRequest[] = [];

  arrived(label: string): void {
    this.#requests[label] = (this.#requests[label] ?? 0) + 1;
  }

  named(account: string, label: string): void {
    this.#byAccount[account] ??= {};
    const counts = this.#byAccount[account];
    counts[label] = (counts[label] ?? 0) + 1;
  }

  finished(request: SeenRequest): void {
    const label = `${request.method} ${request.path}`;
    this.#outcomes[label] ??= {};
    const counts = this.#outcomes[label];
    counts[request.errcode] = (counts[request.errcode] ?? 0) + 1;
    this.#seen.push(request);
    // Trimmed in batches: removing one at a time would cost more than the request.
    if (this.#seen.length > 2 * MAX_REMEMBERED) this.#seen = this.#seen.slice(-MAX_REMEMBERED);
  }

  counters(): { requests: Counts; byAccount: Record<string, Counts>; outcomes: Record<string, Counts> } {
    return { requests: this.#requests, byAccount: this.#byAccount, outcomes: this.#outcomes };
  }

  /** The newest last. */
  last(path: string | null, limit: number): SeenRequest[] {
    const kept = this.#seen.slice(-MAX_REMEMBERED);
    return (path === null ? kept : kept.filter((request) => request.path === path)).slice(-limit);
  }

  reset(): void {
    this.#requests = {};
    this.#byAccount = {};
    this.#outcomes = {};
  }
}
