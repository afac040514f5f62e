import { withDeadline } from '../deadline.ts';
import type { Events } from '../events.ts';
import { failureReport } from '../events.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Hints } from '../redis/hints.ts';
import { type MatchablePush, type Matcher, matcherOf } from './filter.ts';
import type { Subscription, SubscriptionState } from './subscription.ts';
import type { SubscriptionStore } from './subscription-store.ts';

/** The mark is read as often. */
const CLOSE_TIMEOUT_MS = 500;
const POLL_INTERVAL_MS = 1_000;
/** The mark may be lost with Redis, or its change may have failed. */
const MAX_AGE_MS = 5_000;

export interface SnapshotParts {
  readonly redis: RedisClient;
  readonly store: Pick<SubscriptionStore, 'versions' | 'read'>;
  readonly events: Events;
}

interface Entry {
  readonly changedAt: number;
  /** Undefined: no listed key opens it. */
  readonly opened: { readonly subscription: Subscription; readonly matches: Matcher } | undefined;
}

/** A process's copy of all subscriptions, with their secrets. */
export class SubscriptionSnapshot {
  readonly #parts: SnapshotParts;
  #entries: ReadonlyMap<string, Entry> = new Map();
  /** Those that receive pushes, in order. */
  #receivers: readonly { readonly subscription: Subscription; readonly matches: Matcher }[] = [];
  #isLoaded = false;
  #mark: string | null = null;
  /** When the last reading started, on the monotonic clock. */
  #readAt = 0;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** Whether the subscriptions were ever read; until then no subscription is known. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Also paused ones. */
  find(id: string): Subscription | undefined {
    return this.#entries.get(id)?.opened?.subscription;
  }

  /** How many subscriptions are in each state. */
  counts(): Readonly<Record<SubscriptionState, number>> {
    const counts = { active: 0, failing: 0, paused: 0 };
    for (const { opened } of this.#entries.values()) if (opened) counts[opened.subscription.state]++;
    return counts;
  }

  /** How many were paused by themselves, because their receivers failed. */
  get pausedByThemselves(): number {
    let count = 0;
    for (const { opened } of this.#entries.values()) {
      const { state, reason } = opened?.subscription ?? {};
      if (state === 'paused' && reason !== 'manual') count++;
    }
    return count;
  }

  /** Those that receive the push, the oldest first. Paused ones receive nothing. */
  matching(push: MatchablePush): Subscription[] {
    const found: Subscription[] = [];
    for (const { subscription, matches } of this.#receivers) if (matches(push)) found.push(subscription);
    return found;
  }

  /**
   * Reads what has changed, if the mark has or the copy is old. Afterwards the snapshot has every change that was announced before
   * the call. Throws if Redis or the database is unavailable.
   */
  refresh(): Promise<void> {
    // One after the other: a reading that has started may lack what was announced since.
    const next = this.#refreshing.catch(() => {}).then(() => this.#refresh());
    this.#refreshing = next;
    return next;
  }

  /** Keeps it fresh until it is closed; an error is repeated a second later. */
  poll(hints: Hints): { close(): Promise<void> } {
    let timer: NodeJS.Timeout | undefined;
    let closed = false;
    let round: Promise<void> = Promise.resolve();
    const run = () => {
      clearTimeout(timer);
      round = this.refresh()
        // The copy remains; Redis and the database have health checks of their own.
        .catch(() => {})
        .finally(() => {
          clearTimeout(timer);
          if (!closed) timer = setTimeout(run, POLL_INTERVAL_MS);
        });
    };
    const unsubscribe = hints.on(hints.channels.subscriptions, () => {
      if (!closed) run();
    });
    run();
    return {
      async close() {
        closed = true;
        unsubscribe();
        clearTimeout(timer);
        // It changes only this copy; the database may be unreachable.
        await withDeadline(round, CLOSE_TIMEOUT_MS, () => new Error('no answer in time')).catch(() => {});
      },
    };
  }

  async #refresh(): Promise<void> {
    const { redis } = this.#parts;
    const startedAt = performance.now();
    // Before the database: whatever changes afterwards changes the mark again.
    const mark = await redis.get(redis.keyspace.subscriptionsMark);
    if (this.#isLoaded && mark === this.#mark && startedAt - this.#readAt < MAX_AGE_MS) return;
    await this.#read();
    this.#mark = mark;
    this.#readAt = startedAt;
    this.#isLoaded = true;
  }

  async #read(): Promise<void> {
    const versions = await this.#parts.store.versions();
    const stale = versions.filter(({ id, changedAt }) => this.#entries.get(id)?.changedAt !== changedAt);
    const read = await this.#parts.store.read(stale.map(({ id }) => id));
    if (stale.length === 0 && versions.length === this.#entries.size) return;

    const present = new Set(versions.map(({ id }) => id));
    const entries = new Map([...this.#entries].filter(([id]) => present.has(id)));
    // Deleted meanwhile.
    for (const { id } of stale) entries.delete(id);
    for (const one of read) {
      if ('failure' in one) {
        this.#parts.events.publish('subscription', {
          subscription: one.id,
          what: 'unsealable',
          failure: failureReport(one.failure),
        });
      }
      const opened =
        'failure' in one ? undefined : { subscription: one.subscription, matches: matcherOf(one.subscription) };
      entries.set(one.id, { changedAt: one.changedAt, opened });
    }
    this.#entries = entries;
    this.#receivers = [...entries.values()]
      .flatMap(({ opened }) => (opened && opened.subscription.state !== 'paused' ? [opened] : []))
      .sort((a, b) => inOrder(a.subscription, b.subscription));
  }
}

function inOrder(a: Subscription, b: Subscription): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1);
}
