import type { RedisClient } from '../../redis/connect.ts';
import { DueSet } from '../../redis/due-set.ts';
import { defineScript, REDIS_CLOCK } from '../../redis/script.ts';
import type { LaneOwner } from './lane-owner.ts';

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

/** What differs between the two formats of lanes. */
export interface LaneBacklogParts {
  readonly redis: RedisClient;
  /** The keys of one component: the lanes with a backlog, and those found empty. */
  readonly lanes: (component: string) => string;
  readonly atRest: (component: string) => string;
  /** The number of calls of a lane, whatever they wait for. */
  readonly length: (owner: LaneOwner) => Promise<number>;
}

/**
 * Which lanes have a backlog, and when each must be checked. A lane that waits has no job and costs nothing before its time,
 * however long it is.
 */
export class LaneBacklog {
  readonly #parts: LaneBacklogParts;

  constructor(parts: LaneBacklogParts) {
    this.#parts = parts;
  }

  /** Before a call is appended, so that the lane is found even if this process dies right after. */
  async mark({ component, appid }: LaneOwner): Promise<void> {
    await this.#dueSet(component).scheduleNew([[appid, MARKED_MS]]);
  }

  /** Whether the lane is marked, or not empty. */
  async has(owner: LaneOwner): Promise<boolean> {
    const { redis, lanes, length } = this.#parts;
    const [mark, calls] = await Promise.all([redis.zscore(lanes(owner.component), owner.appid), length(owner)]);
    return mark !== null || calls > 0;
  }

  async sleep({ component, appid }: LaneOwner, forMs: number): Promise<void> {
    const sleepMs = Math.max(0, Math.min(forMs, MAX_SLEEP_MS));
    await this.#dueSet(component).schedule(appid, Math.ceil(sleepMs));
  }

  /** The lane was found empty. A call may have been appended since, under the mark that is removed now; so that is checked. */
  async rest({ component, appid }: LaneOwner): Promise<void> {
    await rest.run(this.#parts.redis, this.#keys(component), { appid });
  }

  /** Calls `wake` for the lanes that are due, and for those at rest that are not empty after all. */
  async wakeDue(component: string, wake: (owner: LaneOwner) => Promise<void>): Promise<void> {
    const due = await this.#dueSet(component).claim(MAX_WOKEN_AT_ONCE);
    for (const appid of due) await wake({ component, appid });

    const { redis, length } = this.#parts;
    const keys = this.#keys(component);
    const { dueAgain, appids } = await claimAtRest.run(redis, keys);
    const lengths = await Promise.all(appids.map((appid) => length({ component, appid })));
    for (const [i, appid] of appids.entries()) {
      if (lengths[i]! > 0) {
        await this.mark({ component, appid });
        await wake({ component, appid });
      }
      await forget.run(redis, { at_rest: keys.at_rest }, { appid, due_again: dueAgain });
    }
  }

  #dueSet(component: string): DueSet {
    return new DueSet(this.#parts.redis, this.#parts.lanes(component), CLAIMED_MS);
  }

  #keys(component: string): { readonly lanes: string; readonly at_rest: string } {
    return { lanes: this.#parts.lanes(component), at_rest: this.#parts.atRest(component) };
  }
}
