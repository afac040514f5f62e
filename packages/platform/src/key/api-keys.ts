import { timingSafeEqual } from 'node:crypto';
import type { RedisClient } from '../redis/connect.ts';
import type { Hints } from '../redis/hints.ts';
import { type ApiKey, isGood, type KeyInput } from './api-key.ts';
import type { Actor } from './audit.ts';
import { takeOfRate } from './key-rate.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import { readKeyText } from './key-text.ts';

/** Less than the second within which a revoked key must stop everywhere, also where the hint was lost. */
const CACHE_TTL_MS = 750;
/** Wrong ids are remembered, too. The oldest reading gives way: a key in use is read again every second. */
const MAX_REMEMBERED = 10_000;
const USE_TOLD_EVERY_MS = 60_000;

interface Remembered {
  /** When the reading began, on the monotonic clock: what was written after that may not be in it. */
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

/** The keys of programs: who has one, what it may, and since when it may no longer. */
export class ApiKeys {
  readonly #redis: RedisClient;
  readonly #store: KeyStore;
  readonly #now: () => number;
  readonly #remembered = new Map<string, Remembered>();
  readonly #useToldAt = new Map<string, number>();
  readonly #telling = new Set<Promise<void>>();
  readonly #deaf: () => void;

  constructor({ redis, hints, store, now = () => performance.now() }: ApiKeysParts) {
    this.#redis = redis;
    this.#store = store;
    this.#now = now;
    this.#deaf = hints.on(hints.channels.apiKeys, (id) => this.#remembered.delete(id));
  }

  /** The key that this is the text of; undefined where there is none, or it is good no more. */
  async recognize(text: string): Promise<ApiKey | undefined> {
    const read = readKeyText(text);
    const stored = read && (await this.#look(read.id));
    return stored && timingSafeEqual(stored.hash, read.hash) ? this.#used(stored.key) : undefined;
  }

  /** A key that was recognized before, as long as it is good. */
  async find(id: string): Promise<ApiKey | undefined> {
    const stored = await this.#look(id);
    return stored && this.#used(stored.key);
  }

  /** Counts one request. Throws Failure `rate_limited`. */
  async admit({ id, ratePerSecond }: ApiKey): Promise<void> {
    if (ratePerSecond !== null) await takeOfRate(this.#redis, id, ratePerSecond);
  }

  create(wish: KeyInput, by: Actor): Promise<{ readonly key: ApiKey; readonly text: string }> {
    return this.#store.create(wish, by);
  }

  list(page: { limit: number; cursor?: string | undefined }): ReturnType<KeyStore['list']> {
    return this.#store.list(page);
  }

  /** Here it opens nothing from now on, elsewhere within a second. */
  async revoke(id: string, by: Actor): Promise<'revoked' | 'unknown'> {
    const outcome = await this.#store.revoke(id, by);
    this.#remembered.delete(id);
    if (outcome === 'revoked') await this.#redis.publish(this.#redis.keyspace.channels.apiKeys, id).catch(() => {});
    return outcome;
  }

  async close(): Promise<void> {
    this.#deaf();
    await Promise.all(this.#telling);
  }

  #look(id: string): Promise<StoredKey | undefined> {
    const known = this.#remembered.get(id);
    const now = this.#now();
    if (known && now - known.at < CACHE_TTL_MS) return known.stored;
    const reading: Remembered = { at: now, stored: this.#store.find(id) };
    // So that the map begins with the oldest reading.
    this.#remembered.delete(id);
    evictOldest(this.#remembered);
    this.#remembered.set(id, reading);
    reading.stored.catch(() => {
      if (this.#remembered.get(id) === reading) this.#remembered.delete(id);
    });
    return reading.stored;
  }

  #used(key: ApiKey): ApiKey | undefined {
    const now = Date.now();
    if (!isGood(key, now)) return undefined;
    const toldAt = Math.max(this.#useToldAt.get(key.id) ?? 0, key.lastUsedAt?.getTime() ?? 0);
    if (now - toldAt >= USE_TOLD_EVERY_MS) this.#tellUse(key.id, now);
    return key;
  }

  /** Nobody waits for it, and nobody is refused because it failed: the next minute's use tells again. */
  #tellUse(id: string, now: number): void {
    this.#useToldAt.delete(id);
    evictOldest(this.#useToldAt);
    this.#useToldAt.set(id, now);
    const telling = this.#store
      .markUsed(id, now, now - USE_TOLD_EVERY_MS)
      .catch(() => {})
      .finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
  }
}

/** Makes room for one more. */
function evictOldest(map: Map<string, unknown>): void {
  if (map.size < MAX_REMEMBERED) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
