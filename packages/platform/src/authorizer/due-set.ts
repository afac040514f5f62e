import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

const IN_USE_MS = 24 * 60 * 60_000;
const RESTORED_FOR_MS = 7 * IN_USE_MS;
const CLAIM_MS = 60_000;
/** A mark that lasts a day need not be renewed with each call. */
const MARK_EVERY_MS = 10 * 60_000;
const MOST_REMEMBERED = 100_000;

/** KEYS: due set. ARGV: member, in ms, only where it is not there yet (1). */
const schedule = defineScript<number>(`${NOW_LUA}
local at = string.format('%.0f', now + tonumber(ARGV[2]))
if ARGV[3] == '1' then return redis.call('ZADD', KEYS[1], 'NX', at, ARGV[1]) end
return redis.call('ZADD', KEYS[1], at, ARGV[1])`);

/** Moves what is due ahead instead of removing it: a claimer that dies here loses nothing. KEYS: due set. ARGV: limit. */
const claim = defineScript<string[]>(`${NOW_LUA}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], string.format('%.0f', now + ${CLAIM_MS}), member) end
return due`);

/** Which authorizers' tokens are to be refreshed ahead, and when: those in use in the last 24 hours. */
export class DueSet {
  readonly #redis: RedisClient;
  readonly #markedAt = new Map<string, number>();

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async schedule(component: string, appid: string, inMs: number): Promise<void> {
    await schedule(this.#redis, [this.#redis.keyspace.due(component)], [appid, Math.floor(inMs), 0]);
  }

  /** Into a Redis that was emptied: in use, and due unless a time is known already. Marks of before are gone. */
  async restore(component: string, appid: string, inMs: number): Promise<void> {
    await this.#mark(this.#redis.keyspace.used(component, appid));
    await schedule(this.#redis, [this.#redis.keyspace.due(component)], [appid, Math.floor(inMs), 1]);
  }

  claim(component: string, limit: number): Promise<string[]> {
    return claim(this.#redis, [this.#redis.keyspace.due(component)], [limit]);
  }

  async drop(component: string, appid: string): Promise<void> {
    await this.#redis.zrem(this.#redis.keyspace.due(component), appid);
  }

  async markUsed(component: string, appid: string): Promise<void> {
    const key = this.#redis.keyspace.used(component, appid);
    const markedAt = this.#markedAt.get(key);
    if (markedAt !== undefined && performance.now() - markedAt < MARK_EVERY_MS) return;
    await this.#mark(key);
  }

  async inUse(component: string, appid: string): Promise<boolean> {
    return (await this.#redis.exists(this.#redis.keyspace.used(component, appid))) === 1;
  }

  /** Calls `fill` once for each time that Redis was emptied; a fill that fails is tried again. */
  async restoreOnce(component: string, fill: (since: Date) => Promise<void>): Promise<boolean> {
    if ((await this.#redis.exists(this.#redis.keyspace.dueRestored(component))) === 1) return false;
    await fill(new Date(Date.now() - IN_USE_MS));
    await this.#redis.set(this.#redis.keyspace.dueRestored(component), '1', 'PX', RESTORED_FOR_MS);
    return true;
  }

  async #mark(key: string): Promise<void> {
    if (this.#markedAt.size >= MOST_REMEMBERED) this.#markedAt.clear();
    this.#markedAt.set(key, performance.now());
    await this.#redis.set(key, '1', 'PX', IN_USE_MS);
  }
}
