import type { OpenQueue } from '../../queue/queues.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { DueSet } from '../../redis/due-set.ts';
import { defineScript, REDIS_CLOCK } from '../../redis/script.ts';
import { type LaneOwner, LaneStore } from './lane-store.ts';

/** A marked lane is found after this time, if its wake-up was lost. */
const MARKED_MS = 5_000;
/** A claimed lane is found again after this time, if its job was lost. */
const CLAIMED_MS = 10_000;
/** A batch that ends while a call is appended may write too late a time; that must not cost more than this. */
const MAX_SLEEP_MS = 10 * 60_000;
const MAX_WOKEN_AT_ONCE = 500;
/** A process that appends to a lane while another one finds it empty, and dies then, has not marked it. */
const CHECKED_AT_REST_MS = 10_000;

/**
 * Makes lanes at rest that are due now due again, except those with a mark: they are found by it. Returns when they are
 * due again, and which they are. That time ends in half a millisecond, which no time that `rest` writes does.
 */
const claimAtRest = defineScript({
  keys: ['lanes', 'at_rest'],
  uses: [REDIS_CLOCK],
  lua: `
local due_again, unmarked = string.format('%.1f', now + ${CLAIMED_MS} + 0.5), {}
for _, appid in ipairs(redis.call('ZRANGEBYSCORE', at_rest, '-inf', now, 'LIMIT', 0, ${MAX_WOKEN_AT_ONCE})) do
  if redis.call('ZSCORE', lanes, appid) then
    redis.call('ZREM', at_rest, appid)
  else
    redis.call('ZADD', at_rest, due_again, appid)
    table.insert(unmarked, appid)
  end
end
return { due_again, unmarked }`,
  decode: ([dueAgain, appids]: [string, string[]]) => ({ dueAgain, appids }),
});

const rest = defineScript({
  keys: ['lanes', 'at_rest'],
  args: ['appid'],
  uses: [REDIS_CLOCK],
  lua: `
redis.call('ZREM', lanes, appid)
redis.call('ZADD', at_rest, ms(now + ${CHECKED_AT_REST_MS}), appid)`,
});

/** Unless the lane has come to rest again since a claim made it due at `due_again`. */
const forget = defineScript({
  keys: ['at_rest'],
  args: ['appid', 'due_again'],
  lua: "if redis.call('ZSCORE', at_rest, appid) == due_again then redis.call('ZREM', at_rest, appid) end",
});

/**
 * Which lanes have a backlog, and when each must be checked. A lane that waits has no job and costs nothing before its time,
 * however long it is.
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
    await this.#backlog(component).scheduleNew([[appid, MARKED_MS]]);
  }

  /** Requests a batch; if one is running, another one follows it. */
  wake(owner: LaneOwner): Promise<void> {
    return this.#queue.add({ component: owner.component, appid: owner.appid });
  }

  async sleep({ component, appid }: LaneOwner, forMs: number): Promise<void> {
    const sleepMs = Math.max(0, Math.min(forMs, MAX_SLEEP_MS));
    await this.#backlog(component).schedule(appid, Math.ceil(sleepMs));
  }

  /** The lane was found empty. A call may have been appended since, under the mark that is removed now; so that is checked. */
  async rest({ component, appid }: LaneOwner): Promise<void> {
    await rest.run(this.#redis, this.#keys(component), { appid });
  }

  /** For maintenance: wakes the lanes that are due, and those at rest that are not empty after all. */
  async wakeDue(component: string): Promise<void> {
    const due = await this.#backlog(component).claim(MAX_WOKEN_AT_ONCE);
    for (const appid of due) await this.wake({ component, appid });

    const keys = this.#keys(component);
    const { dueAgain, appids } = await claimAtRest.run(this.#redis, keys);
    const lengths = await Promise.all(appids.map((appid) => this.#store.length({ component, appid })));
    for (const [i, appid] of appids.entries()) {
      if (lengths[i]! > 0) {
        await this.mark({ component, appid });
        await this.wake({ component, appid });
      }
      await forget.run(this.#redis, { at_rest: keys.at_rest }, { appid, due_again: dueAgain });
    }
  }

  /** The lanes with a backlog, by the time of their next check. */
  #backlog(component: string): DueSet {
    return new DueSet(this.#redis, this.#redis.keyspace.lanes(component), CLAIMED_MS);
  }

  #keys(component: string): { readonly lanes: string; readonly at_rest: string } {
    const { lanes, lanesAtRest } = this.#redis.keyspace;
    return { lanes: lanes(component), at_rest: lanesAtRest(component) };
  }
}
