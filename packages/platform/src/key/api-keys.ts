import { timingSafeEqual } from 'node:crypto';
import { BoundedCache } from '../bounded-cache.ts';
import { OutageCache, type OutageCheck } from '../database/outage-cache.ts';
import { withDeadline } from '../deadline.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Hints } from '../redis/hints.ts';
import { type ApiKey, isValid, type KeyInput } from './api-key.ts';
import type { Actor } from './audit.ts';
import { takeFromRate } from './key-rate.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import { readKeyText } from './key-text.ts';

/** Below the second after which a revoked key must be refused everywhere, even if the hint was lost. */
const CACHE_TTL_MS = 750;
/** The oldest reading is evicted: a key in use is read again every second. */
const MAX_REMEMBERED = 10_000;
const MARK_USED_EVERY_MS = 60_000;
/**
 * While the database is unreachable a key that was read long ago is accepted. A hint of its revocation may have been lost, or
 * was never sent by a command without Redis; so what was revoked lately is read all the time.
 */
const REVOCATIONS_INTERVAL_MS = 10_000;
/** Revocations carry the time of the host that wrote them. */
const REVOCATIONS_OVERLAP_MS = 10 * 60_000;
const CLOSE_TIMEOUT_MS = 1_000;

export interface ApiKeysParts {
  readonly redis: RedisClient;
  readonly hints: Hints;
  readonly store: KeyStore;
  readonly outage: OutageCheck;
  /** Milliseconds of a monotonic clock; for tests. */
  readonly now?: () => number;
}

/** The keys of programs, as one process knows them. */
export class ApiKeys {
  readonly #redis: RedisClient;
  readonly #store: KeyStore;
  readonly #now: () => number;
  readonly #outage: OutageCheck;
  readonly #remembered: OutageCache<StoredKey | undefined>;
  /** Ids of no key, by the time of the reading. They must not evict keys. */
  readonly #unknownAt = new BoundedCache<string, number>(MAX_REMEMBERED);
  readonly #markedUsedAt = new BoundedCache<string, number>(MAX_REMEMBERED);
  readonly #marking = new Set<Promise<void>>();
  readonly #unsubscribe: () => void;
  readonly #revocations: NodeJS.Timeout;

  constructor({ redis, hints, store, outage, now = () => performance.now() }: ApiKeysParts) {
    this.#redis = redis;
    this.#store = store;
    this.#outage = outage;
    this.#now = now;
    this.#remembered = new OutageCache({ max: MAX_REMEMBERED, ttlMs: CACHE_TTL_MS, outage, now });
    this.#unsubscribe = hints.on(hints.channels.apiKeys, (id) => this.#remembered.delete(id));
    this.#revocations = setInterval(() => {
      // An outage; the next round reads what this one missed.
      this.forgetRevoked().catch(() => {});
    }, REVOCATIONS_INTERVAL_MS).unref();
  }

  /** The valid key with this text. */
  async recognize(text: string): Promise<ApiKey | undefined> {
    const given = readKeyText(text);
    const stored = given && (await this.#read(given.id));
    return stored && timingSafeEqual(stored.hash, given.hash) ? this.#used(stored.key) : undefined;
  }

  /** A key that was recognized before, while it is valid. */
  async find(id: string): Promise<ApiKey | undefined> {
    const stored = await this.#read(id);
    return stored && this.#used(stored.key);
  }

  /** Also of a key that is no longer valid; undefined if there is none of this id, or the database is unreachable. */
  async nameOf(id: string): Promise<string | undefined> {
    try {
      return (await this.#read(id))?.key.name;
    } catch {
      return undefined;
    }
  }

  /** Of those of these ids that are keys', also of keys that are no longer valid. */
  namesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#store.names([...new Set(ids)]);
  }

  /** Counts one request. Throws Failure `rate_limited`. */
  async admit({ id, ratePerSecond }: ApiKey): Promise<void> {
    if (ratePerSecond !== null) await takeFromRate(this.#redis, id, ratePerSecond);
  }

  create(input: KeyInput, by: Actor): Promise<{ readonly key: ApiKey; readonly text: string }> {
    return this.#store.create(input, by);
  }

  list(page: { limit: number; cursor?: string | undefined }): ReturnType<KeyStore['list']> {
    return this.#store.list(page);
  }

  /** This process refuses the key from now on, the others do within a second. */
  async revoke(id: string, by: Actor): Promise<'revoked' | 'unknown'> {
    const outcome = await this.#store.revoke(id, by);
    this.#remembered.delete(id);
    if (outcome === 'revoked') await this.#redis.publish(this.#redis.keyspace.channels.apiKeys, id).catch(() => {});
    return outcome;
  }

  /** Reads which keys were revoked lately, by any process; they are read again before they are used. */
  async forgetRevoked(): Promise<void> {
    if (this.#outage.isOut) return;
    for (const id of await this.#store.revokedSince(Date.now() - REVOCATIONS_OVERLAP_MS)) this.#remembered.delete(id);
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    clearInterval(this.#revocations);
    // The database may be unreachable; the next use is written again.
    await withDeadline(Promise.all(this.#marking), CLOSE_TIMEOUT_MS, () => new Error('no answer')).catch(() => {});
  }

  /** Throws Failure `unavailable` while the database is unreachable, unless this process has read the key before. */
  async #read(id: string): Promise<StoredKey | undefined> {
    const now = this.#now();
    const unknownAt = this.#unknownAt.get(id);
    if (unknownAt !== undefined && now - unknownAt < CACHE_TTL_MS) return undefined;
    const stored = await this.#remembered.get(
      id,
      () => this.#store.find(id),
      (found) => found !== undefined,
    );
    if (stored === undefined) this.#unknownAt.set(id, now);
    return stored;
  }

  #used(key: ApiKey): ApiKey | undefined {
    const now = Date.now();
    if (!isValid(key, now)) return undefined;
    const markedAt = Math.max(this.#markedUsedAt.get(key.id) ?? 0, key.lastUsedAt?.getTime() ?? 0);
    if (now - markedAt >= MARK_USED_EVERY_MS) this.#markUsed(key.id, now);
    return key;
  }

  /** Not awaited, and an error refuses no request: the next minute's use is written again. */
  #markUsed(id: string, now: number): void {
    if (this.#outage.isOut) return;
    this.#markedUsedAt.set(id, now);
    const marking = this.#store
      .markUsed(id, now, now - MARK_USED_EVERY_MS)
      .catch(() => {})
      .finally(() => this.#marking.delete(marking));
    this.#marking.add(marking);
  }
}
