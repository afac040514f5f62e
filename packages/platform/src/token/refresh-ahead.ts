import { randomUUID } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

const IN_USE_MS = 24 * 60 * 60_000;
const RESTORED_TTL_MS = 7 * IN_USE_MS;
const CLAIM_MS = 60_000;
/** A process that fills the set renews its claim with each page; where it dies, another one begins after this. */
const RESTORING_MS = 10_000;
/** A mark that lasts a day need not be renewed with each call. */
const MARK_EVERY_MS = 10 * 60_000;
const MAX_REMEMBERED = 100_000;

/** KEYS: due set. ARGV: member, in ms. */
const schedule = defineScript<number>(`${NOW_LUA}
return redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])`);

/** A page of members that are due unless a time is known already. KEYS: due set. ARGV: member, in ms, member, … */
const scheduleNew = defineScript<number>(`${NOW_LUA}
local due = KEYS[1]
for i = 1, #ARGV, 2 do
  redis.call('ZADD', due, 'NX', string.format('%.0f', now + tonumber(ARGV[i + 1])), ARGV[i])
end
return #ARGV / 2`);

/** Once more for `RESTORING_MS`, unless another process has taken over. KEYS: restoring. ARGV: whose claim it is. */
const holdRestoring = defineScript<number>(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ${RESTORING_MS})`);

/** Moves what is due ahead instead of removing it: a claimer that dies here loses nothing. KEYS: due set. ARGV: limit. */
const claim = defineScript<string[]>(`${NOW_LUA}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], string.format('%.0f', now + ${CLAIM_MS}), member) end
return due`);

/** KEYS: restoring. ARGV: whose claim it is. */
const releaseRestoring = defineScript<number>(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`);

/** Which authorizers' tokens are to be refreshed ahead, and when: those in use in the last 24 hours. */
export class RefreshAhead {
  readonly #redis: RedisClient;
  readonly #markedAt = new Map<string, number>();

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async schedule(component: string, appid: string, inMs: number): Promise<void> {
    await schedule(this.#redis, [this.#redis.keyspace.due(component)], [appid, Math.floor(inMs)]);
  }

  /**
   * A page, into a Redis that was emptied: in use, and due unless a time is known already. Marks of before are gone. All
   * commands are sent at once, so that a page costs the time of one answer.
   */
  async restore(component: string, appids: readonly string[], inMs: () => number): Promise<void> {
    if (appids.length === 0) return;
    await Promise.all([
      ...appids.map((appid) => this.#mark(this.#redis.keyspace.used(component, appid))),
      scheduleNew(
        this.#redis,
        [this.#redis.keyspace.due(component)],
        appids.flatMap((appid) => [appid, Math.floor(inMs())]),
      ),
    ]);
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

  /**
   * Calls `fill` once for each time that Redis was emptied, in one process at a time; a fill that fails is tried again.
   * `hold` is for the end of each page; it throws where another process has taken over.
   */
  async restoreOnce(
    component: string,
    fill: (since: Date, hold: () => Promise<void>) => Promise<void>,
  ): Promise<boolean> {
    const { dueRestored, dueRestoring } = this.#redis.keyspace;
    if ((await this.#redis.exists(dueRestored(component))) === 1) return false;
    const claim = randomUUID();
    if ((await this.#redis.set(dueRestoring(component), claim, 'PX', RESTORING_MS, 'NX')) !== 'OK') return false;
    const hold = async () => {
      if ((await holdRestoring(this.#redis, [dueRestoring(component)], [claim])) === 1) return;
      throw new Failure('restoring_lost', 'retry', 'Another process has taken over filling the due set.');
    };
    try {
      await fill(new Date(Date.now() - IN_USE_MS), hold);
      await hold();
      await this.#redis.set(dueRestored(component), '1', 'PX', RESTORED_TTL_MS);
      return true;
    } finally {
      await releaseRestoring(this.#redis, [dueRestoring(component)], [claim]);
    }
  }

  async #mark(key: string): Promise<void> {
    if (this.#markedAt.size >= MAX_REMEMBERED) this.#markedAt.clear();
    this.#markedAt.set(key, performance.now());
    await this.#redis.set(key, '1', 'PX', IN_USE_MS);
  }
}
