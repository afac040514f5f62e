import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';
import type { LaneOwner } from './lane-store.ts';

/** A lane that was marked, but whose waking got lost, is found after so long. */
const MARKED_MS = 5_000;
/** A lane whose turn got lost is found after so long. */
const CLAIMED_MS = 10_000;
/** A turn that ends while somebody appends may write too late a time; it must not cost more than this. */
const LONGEST_SLEEP_MS = 10 * 60_000;
const WOKEN_AT_ONCE = 500;

/** KEYS: lanes. ARGV: appid, in ms, 'NX' for "unless it is there". */
const mark = defineScript<number>(`${NOW_LUA}
local at = string.format('%.0f', now + tonumber(ARGV[2]))
if ARGV[3] == 'NX' then return redis.call('ZADD', KEYS[1], 'NX', at, ARGV[1]) end
return redis.call('ZADD', KEYS[1], at, ARGV[1])`);

/** Moves what is due ahead instead of removing it: a claimer that dies here loses nothing. KEYS: lanes. */
const claim = defineScript<string[]>(`${NOW_LUA}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ${WOKEN_AT_ONCE})
for _, appid in ipairs(due) do redis.call('ZADD', KEYS[1], string.format('%.0f', now + ${CLAIMED_MS}), appid) end
return due`);

/**
 * Which lanes have a backlog, and when somebody must look at them. A lane that waits has no job: nothing is asked of it
 * before its time, however long it is.
 */
export class Lanes {
  readonly #redis: RedisClient;
  readonly #queue: OpenQueue<LaneOwner>;

  constructor(redis: RedisClient, queue: OpenQueue<LaneOwner>) {
    this.#redis = redis;
    this.#queue = queue;
  }

  /** Before a call is appended, so that the lane is found even if this process dies right after. */
  async mark({ component, appid }: LaneOwner): Promise<void> {
    await mark(this.#redis, [this.#redis.keyspace.lanes(component)], [appid, MARKED_MS, 'NX']);
  }

  /** A turn, as soon as the others have had theirs; another one where a turn is under way. */
  wake(owner: LaneOwner): Promise<void> {
    return this.#queue.add({ component: owner.component, appid: owner.appid });
  }

  async sleep({ component, appid }: LaneOwner, forMs: number): Promise<void> {
    const sleepMs = Math.max(0, Math.min(forMs, LONGEST_SLEEP_MS));
    await mark(this.#redis, [this.#redis.keyspace.lanes(component)], [appid, Math.ceil(sleepMs), '']);
  }

  async forget({ component, appid }: LaneOwner): Promise<void> {
    await this.#redis.zrem(this.#redis.keyspace.lanes(component), appid);
  }

  /** For the watch: wakes whatever is due. */
  async wakeDue(component: string): Promise<void> {
    for (const appid of await claim(this.#redis, [this.#redis.keyspace.lanes(component)], []))
      await this.wake({ component, appid });
  }
}
