import type { Sql } from '../database/open.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';
import { MARK_TIME } from './deployment-mark.ts';

const NOTE_INTERVAL_MS = 60_000;
/** A failover or a restart loses less than that. */
const MAX_BEHIND_MS = 2 * 60_000;

/** `now`, and the noted time; 0: none was noted since Redis was empty, or only older versions ran. */
const read = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['mark'],
  lua: `return { ms(now), redis.call('HGET', mark, '${MARK_TIME}') or '0' }`,
  decode: ([now, noted]: [string, string]) => ({ now: Number(now), noted: Number(noted) }),
});

/** Notes the time in an existing mark, if the noted one is still `before`; returns 0 if it is not. `before` empty: in any case. */
const note = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['mark'],
  args: ['before'],
  lua: `
if redis.call('EXISTS', mark) == 0 then return '0' end
if before ~= '' and (redis.call('HGET', mark, '${MARK_TIME}') or '0') ~= before then return '0' end
redis.call('HSET', mark, '${MARK_TIME}', ms(now))
return ms(now)`,
  decode: (noted: string) => Number(noted),
});

/**
 * Whether this Redis is an older state of itself, restored from a backup: calls that were settled since would be sent again.
 * Redis' time is noted each minute, first in Redis' mark, then in SQL; so a mark far behind SQL is an older one.
 */
export class RedisAge {
  readonly #redis: RedisClient;
  readonly #sql: Sql;

  constructor(redis: RedisClient, sql: Sql) {
    this.#redis = redis;
    this.#sql = sql;
  }

  /** By how much Redis is behind SQL (ms); undefined: it is not. Otherwise notes the time once it is due. */
  async check(): Promise<number | undefined> {
    const { now, noted } = await read.run(this.#redis, this.#keys);
    if (now - noted < NOTE_INTERVAL_MS) return undefined;
    const behindMs = await this.#behindMs(noted);
    // It stays behind until its calls are discarded.
    if (behindMs !== undefined) return behindMs;
    await this.#note(String(noted));
    return undefined;
  }

  /** The same without noting anything. */
  async read(): Promise<number | undefined> {
    const { noted } = await read.run(this.#redis, this.#keys);
    return this.#behindMs(noted);
  }

  /** Redis' contents no longer do harm. */
  async renew(): Promise<void> {
    await this.#note('');
  }

  async #behindMs(noted: number): Promise<number | undefined> {
    const behindMs = (await this.#timeInSql()) - noted;
    return noted > 0 && behindMs > MAX_BEHIND_MS ? behindMs : undefined;
  }

  async #note(before: string): Promise<void> {
    const noted = await note.run(this.#redis, this.#keys, { before });
    // Another process has noted it, or Redis was emptied.
    if (noted === 0) return;
    await this.#sql.updateTable('deployment').set({ redis_time: noted }).where('one', '=', 1).execute();
  }

  async #timeInSql(): Promise<number> {
    const row = await this.#sql.selectFrom('deployment').select('redis_time').executeTakeFirst();
    return Number(row?.redis_time ?? 0);
  }

  get #keys() {
    return { mark: this.#redis.keyspace.deployment };
  }
}
