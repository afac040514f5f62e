import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import { BoundedCache } from '../bounded-cache.ts';
import { databaseUnreachable } from './database-gate.ts';
import { isUnreachable } from './sql-error.ts';

/** A row is read in a millisecond; after this time the database itself is checked. */
const SLOW_READ_MS = 500;
const RETRY_AFTER_MS = 5_000;

/** Whether the database can be reached: see DatabaseWatch. */
export interface OutageCheck {
  /** By the last check. */
  readonly isOut: boolean;
  /** Whether it answers now. */
  check(): Promise<boolean>;
}

export interface OutageCacheOptions {
  readonly max: number;
  /** A younger entry is used without a read. */
  readonly ttlMs: number;
  readonly outage: OutageCheck;
  /** Milliseconds of a monotonic clock; for tests. */
  readonly now?: () => number;
}

interface Entry<Value> {
  /** When the reading started: it may lack what was written after that. */
  readonly at: number;
  readonly value: Value;
}

interface Reading<Value> {
  readonly at: number;
  readonly result: Promise<Value>;
}

/**
 * What this process has read from SQL. An entry older than its TTL is used only if it cannot be read again because the
 * database is unreachable; then no process there can have changed it either.
 */
export class OutageCache<Value> {
  readonly #entries: BoundedCache<string, Entry<Value>>;
  readonly #readings = new Map<string, Reading<Value>>();
  readonly #ttlMs: number;
  readonly #outage: OutageCheck;
  readonly #now: () => number;

  constructor({ max, ttlMs, outage, now = () => performance.now() }: OutageCacheOptions) {
    this.#entries = new BoundedCache(max);
    this.#ttlMs = ttlMs;
    this.#outage = outage;
    this.#now = now;
  }

  /**
   * Of several requests at the same time, one reads. `isKept`: whether a value may be used again. Throws Failure `unavailable` if
   * the database is unreachable and no entry is known; what `read` throws otherwise.
   */
  async get(key: string, read: () => Promise<Value>, isKept: (value: Value) => boolean): Promise<Value> {
    const known = this.#entries.get(key);
    const isFresh = (at: number) => this.#now() - at < this.#ttlMs;
    if (known && isFresh(known.at)) return known.value;
    if (known && this.#outage.isOut) return known.value;
    const running = this.#readings.get(key);
    const reading = running && isFresh(running.at) ? running : this.#read(key, read, isKept);
    try {
      return await (known ? this.#unlessOut(reading.result) : reading.result);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      // Not the entry of before the read: it may have been deleted since.
      const latest = this.#entries.get(key);
      if (latest) return latest.value;
      throw new Failure(
        'unavailable',
        'retry',
        'The database does not answer, and this process has not read what the request needs before. Repeat the request.',
        { cause: error, retryAfterMs: RETRY_AFTER_MS },
      );
    }
  }

  /** A reading that has started before does not bring it back. */
  delete(key: string): void {
    this.#entries.delete(key);
    this.#readings.delete(key);
  }

  #read(key: string, read: () => Promise<Value>, isKept: (value: Value) => boolean): Reading<Value> {
    const reading: Reading<Value> = { at: this.#now(), result: read() };
    this.#readings.set(key, reading);
    const isLatest = () => this.#readings.get(key) === reading;
    reading.result
      .then((value) => {
        if (!isLatest()) return;
        if (isKept(value)) this.#entries.set(key, { at: reading.at, value });
        else this.#entries.delete(key);
      })
      // Its callers receive it.
      .catch(() => {})
      .finally(() => {
        if (isLatest()) this.#readings.delete(key);
      });
    return reading;
  }

  /** While an entry is known, a read that hangs is abandoned once the database has turned out to be unreachable. */
  async #unlessOut(result: Promise<Value>): Promise<Value> {
    const ended = new AbortController();
    const hung = pause(SLOW_READ_MS, 'slow', { ref: false, signal: ended.signal })
      .then(() => this.#outage.check())
      .then((answers) =>
        answers ? result : Promise.reject(databaseUnreachable('A read was abandoned: the database does not answer.')),
      );
    // Its own error, if the read was faster, belongs to no caller.
    hung.catch(() => {});
    try {
      return await Promise.race([result, hung]);
    } finally {
      ended.abort();
    }
  }
}
