import { timingSafeEqual } from 'node:crypto';
import { BoundedCache } from '../bounded-cache.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Hints } from '../redis/hints.ts';
import { type ApiKey, isValid, type KeyInput } from './api-key.ts';
import type { Actor } from './audit.ts';
import { takeFromRate } from './key-rate.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import { readKeyText } from './key-text.ts';

/** Below the second after which a revoked key must be refused everywhere, even if the hint was lost. */
const CACHE_TTL_MS = 750;
/** Unknown ids are remembered, too. The oldest reading is evicted: a key in use is read again every second. */
const MAX_REMEMBERED = 10_000;
const MARK_USED_EVERY_MS = 60_000;

interface Remembered {
  /** When the reading started, on the monotonic clock: it may lack what was written after that. */
  readonly at: number;
  readonly stored: Promise<StoredKey | undefined>;
}

export interface ApiKeysParts {
  readonly redis: RedisClient;
  readonly hints: Hints;
  readonly store: KeyStore;
  /** Milliseconds of a monotonic clock; for tests. */
  readonly now?: () => number;
}

/** The keys of programs, as one process knows them. */
export class ApiKeys {
  readonly #redis: RedisClient;
  readonly #store: KeyStore;
  readonly #now: () => number;
  readonly #remembered = new BoundedCache<string, Remembered>(MAX_REMEMBERED);
  readonly #markedUsedAt = new BoundedCache<string, number>(MAX_REMEMBERED);
  readonly #marking = new Set<Promise<void>>();
  readonly #unsubscribe: () => void;

  constructor({ redis, hints, store, now = () => performance.now() }: ApiKeysParts) {
    this.#redis = redis;
    this.#store = store;
    this.#now = now;
    this.#unsubscribe = hints.on(hints.channels.apiKeys, (id) => this.#remembered.delete(id));
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

  async close(): Promise<void> {
    this.#unsubscribe();
    await Promise.all(this.#marking);
  }

  #read(id: string): Promise<StoredKey | undefined> {
    const known = this.#remembered.get(id);
    const now = this.#now();
    if (known && now - known.at < CACHE_TTL_MS) return known.stored;
    const reading: Remembered = { at: now, stored: this.#store.find(id) };
    this.#remembered.set(id, reading);
    reading.stored.catch(() => {
      if (this.#remembered.get(id) === reading) this.#remembered.delete(id);
    });
    return reading.stored;
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
    this.#markedUsedAt.set(id, now);
    const marking = this.#store
      .markUsed(id, now, now - MARK_USED_EVERY_MS)
      .catch(() => {})
      .finally(() => this.#marking.delete(marking));
    this.#marking.add(marking);
  }
}
