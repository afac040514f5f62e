import type { Events } from '@wxthirdparty/platform';

const STALLED_MS = 10 * 60_000;
/** A process probes a refused address again after ten minutes at most. */
const ADDRESS_REFUSED_MS = 25 * 60_000;
const UNCONFIRMED_MS = 60_000;
const IP_NOT_ALLOWED = 61_004;

/** What this process published lately, as far as a rule judges it. Times are on the monotonic clock. */
export class EventMemory {
  readonly #now: () => number;
  readonly #refusedAt = new Map<string, number>();
  readonly #stalled: { readonly at: number; readonly queue: string }[] = [];
  #missingMasters: readonly string[] = [];
  #unconfirmedAt = Number.NEGATIVE_INFINITY;
  #databaseOutSince: number | undefined;

  constructor(events: Events, now: () => number = () => performance.now()) {
    this.#now = now;
    events.subscribe('refresh', (event) => {
      if (event.outcome === 'stored') this.#refusedAt.delete(event.component);
      else if (event.outcome === 'failed' || event.outcome === 'not-here') {
        if (event.failure.errcode === IP_NOT_ALLOWED) this.#refusedAt.set(event.component, now());
      }
    });
    events.subscribe('job', (event) => {
      if (event.what === 'stalled') this.#stalled.push({ at: now(), queue: event.queue });
    });
    events.subscribe('redis', (event) => {
      if (event.what === 'incomplete') this.#missingMasters = event.missing;
      if (event.what === 'complete' || event.what === 'unreachable') this.#missingMasters = [];
      if (event.what === 'wait_unacked') this.#unconfirmedAt = now();
    });
    events.subscribe('database', ({ what }) => {
      this.#databaseOutSince = what === 'unreachable' ? now() : undefined;
    });
  }

  get addressRefused(): readonly string[] {
    const now = this.#now();
    return [...this.#refusedAt].flatMap(([component, at]) => (now - at < ADDRESS_REFUSED_MS ? [component] : []));
  }

  get stalledJobs(): ReadonlyMap<string, number> {
    const now = this.#now();
    while (this.#stalled[0] && now - this.#stalled[0].at > STALLED_MS) this.#stalled.shift();
    const counts = new Map<string, number>();
    for (const { queue } of this.#stalled) counts.set(queue, (counts.get(queue) ?? 0) + 1);
    return counts;
  }

  get missingMasters(): readonly string[] {
    return this.#missingMasters;
  }

  get isUnconfirmed(): boolean {
    return this.#now() - this.#unconfirmedAt < UNCONFIRMED_MS;
  }

  get databaseOutMs(): number | undefined {
    return this.#databaseOutSince === undefined ? undefined : this.#now() - this.#databaseOutSince;
  }
}
