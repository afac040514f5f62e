export interface SeenRequest {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly component: string | null;
  readonly account: string | null;
  /** The errcode answered, or the name of the mishap that took its place. */
  readonly errcode: number | string;
  readonly durationMs: number;
  readonly port: number;
}

type Counts = Record<string, number>;

const REMEMBERED = 5000;

/** What callers asked of WeChat, counted. */
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

  left(request: SeenRequest): void {
    const label = `${request.method} ${request.path}`;
    this.#outcomes[label] ??= {};
    const counts = this.#outcomes[label];
    counts[request.errcode] = (counts[request.errcode] ?? 0) + 1;
    this.#seen.push(request);
    // Cut in batches: shifting one by one would cost more than the request itself.
    if (this.#seen.length > 2 * REMEMBERED) this.#seen = this.#seen.slice(-REMEMBERED);
  }

  counters(): { requests: Counts; byAccount: Record<string, Counts>; outcomes: Record<string, Counts> } {
    return { requests: this.#requests, byAccount: this.#byAccount, outcomes: this.#outcomes };
  }

  /** The newest last. */
  last(path: string | null, limit: number): SeenRequest[] {
    const kept = this.#seen.slice(-REMEMBERED);
    return (path === null ? kept : kept.filter((request) => request.path === path)).slice(-limit);
  }

  reset(): void {
    this.#requests = {};
    this.#byAccount = {};
    this.#outcomes = {};
  }
}
