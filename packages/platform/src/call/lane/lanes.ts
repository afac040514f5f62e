import type { OpenQueue } from '../../queue/queues.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { defineScript, NOW_LUA } from '../../redis/script.ts';
import { type LaneOwner, LaneStore } from './lane-store.ts';

/** A lane that was marked, but whose waking got lost, is found after so long. */
const MARKED_MS = 5_000;
/** A lane whose turn got lost is found after so long. */
const CLAIMED_MS = 10_000;
/** A turn that ends while somebody appends may write too late a time; it must not cost more than this. */
const MAX_SLEEP_MS = 10 * 60_000;
const WOKEN_AT_ONCE = 500;
/** A process that appends to a lane while another finds it empty, and dies then, leaves it without a mark. */
const CHECKED_AT_REST_MS = 10_000;

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
 * A lane that has a mark again is found by that. KEYS: lanes, lanes at rest. Answers when the others are due again, and
 * which they are. The half of a millisecond tells that time from those that `rest` writes, also in the same millisecond.
 */
const claimAtRest = defineScript<[dueAgain: string, appids: string[]]>(`${NOW_LUA}
local lanes, at_rest = KEYS[1], KEYS[2]
local due_again, unmarked = string.format('%.1f', now + ${CLAIMED_MS} + 0.5), {}
for _, appid in ipairs(redis.call('ZRANGEBYSCORE', at_rest, '-inf', now, 'LIMIT', 0, ${WOKEN_AT_ONCE})) do
  if redis.call('ZSCORE', lanes, appid) then
    redis.call('ZREM', at_rest, appid)
  else
    redis.call('ZADD', at_rest, due_again, appid)
    table.insert(unmarked, appid)
  end
end
return { due_again, unmarked }`);

/** KEYS: lanes, lanes at rest. ARGV: appid. */
const rest = defineScript<number>(`${NOW_LUA}
local lanes, at_rest, appid = KEYS[1], KEYS[2], ARGV[1]
redis.call('ZREM', lanes, appid)
return redis.call('ZADD', at_rest, string.format('%.0f', now + ${CHECKED_AT_REST_MS}), appid)`);

/** Unless it has come to rest again meanwhile. KEYS: lanes at rest. ARGV: appid, when the claimer made it due again. */
const forget = defineScript<number>(`
local at_rest, appid, due_again = KEYS[1], ARGV[1], ARGV[2]
if redis.call('ZSCORE', at_rest, appid) ~= due_again then return 0 end
return redis.call('ZREM', at_rest, appid)`);

/**
 * Which lanes have a backlog, and when somebody must look at them. A lane that waits has no job: nothing is asked of it
 * before its time, however long it is.
 */
export class Lanes {
  readonly #redis: RedisClient;
  readonly #queue: OpenQueue<LaneOwner>;
  readonly #store: LaneStore;

  constructor(redis: RedisClient, queue: OpenQueue<LaneOwner>) {
    this.#redis = redis;
    this.#store = new LaneStore(redis);
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
    const sleepMs = Math.max(0, Math.min(forMs, MAX_SLEEP_MS));
    await mark(this.#redis, [this.#redis.keyspace.lanes(component)], [appid, Math.ceil(sleepMs), '']);
  }

  /** The lane was found empty. A call may have been appended since, under the mark that goes now; so that is checked. */
  async rest({ component, appid }: LaneOwner): Promise<void> {
    const { lanes, lanesAtRest } = this.#redis.keyspace;
    await rest(this.#redis, [lanes(component), lanesAtRest(component)], [appid]);
  }

  /** For the watch: wakes whatever is due, and what was taken to be empty and is not. */
  async wakeDue(component: string): Promise<void> {
    const { lanes, lanesAtRest } = this.#redis.keyspace;
    for (const appid of await claim(this.#redis, [lanes(component)], [])) await this.wake({ component, appid });

    const [dueAgain, atRest] = await claimAtRest(this.#redis, [lanes(component), lanesAtRest(component)], []);
    const lengths = await Promise.all(atRest.map((appid) => this.#store.length({ component, appid })));
    for (const [i, appid] of atRest.entries()) {
      if (lengths[i]! > 0) {
        await this.mark({ component, appid });
        await this.wake({ component, appid });
      }
      await forget(this.#redis, [lanesAtRest(component)], [appid, dueAgain]);
    }
  }
}
