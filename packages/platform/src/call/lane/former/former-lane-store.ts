import type { RedisClient } from '../../../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../../../redis/script.ts';
import type { LaneOwner } from '../lane-owner.ts';
import { FORMER_LANE } from './former-lane-lua.ts';

/** A call's place in its lane: the last part of its id, its number, its path. Only the scripts of this folder read it. */
type LaneEntry = string;

export type FormerLaneStep =
  /** The next call to perform. It stays in the lane until it is passed back as done. */
  | { readonly do: 'call'; readonly id: string; readonly entry: LaneEntry; readonly path: string }
  /** No call may depart before then. */
  | { readonly do: 'wait'; readonly forMs: number }
  | { readonly do: 'rest' };

/** Further paths of a lane are read by a later batch, when the first ones are empty. */
const MAX_PATHS_READ = 1_000;
const MAX_MOVED_AT_ONCE = 100;

type NextReply = [what: 'rest'] | [what: 'call', entry: string] | [what: 'wait', forMs: string];

/** `quotas`: the account's, without their path. `done`: the entry to remove, or nothing. */
const next = defineScript({
  uses: [FORMER_LANE],
  keys: ['lane', 'quotas'],
  args: ['done'],
  lua: `
local function parts(entry) return string.match(entry, '^(%S+) (%d+) (.+)$') end

if done ~= '' then
  local call, _, path = parts(done)
  redis.call('ZREM', lane .. ':path:' .. path, call)
  redis.call('ZREM', lane .. ':aside', done)
  redis.call('ZREM', lane .. ':deadlines', done)
  redis.call('HDEL', lane, 'held ' .. path)
  former_first_of(lane, path)
end

local due = redis.call('ZRANGEBYSCORE', lane .. ':aside', '-inf', now, 'LIMIT', 0, ${MAX_MOVED_AT_ONCE})
for _, entry in ipairs(due) do
  local call, seq, path = parts(entry)
  redis.call('ZREM', lane .. ':aside', entry)
  redis.call('ZADD', lane .. ':path:' .. path, seq, call)
  former_first_of(lane, path)
end

local wakeAt
local function not_after(at) if not wakeAt or at < wakeAt then wakeAt = at end end
local function go(entry)
  redis.call('HSET', lane, 'wakeAt', '0')
  return { 'call', entry }
end

local dead = redis.call('ZRANGE', lane .. ':deadlines', 0, 0, 'WITHSCORES')
if dead[1] then
  if tonumber(dead[2]) <= now then return go(dead[1]) end
  not_after(tonumber(dead[2]))
end
local aside = redis.call('ZRANGE', lane .. ':aside', 0, 0, 'WITHSCORES')
if aside[1] then not_after(tonumber(aside[2])) end

local held = tonumber(redis.call('HGET', lane, 'held') or '0')
if held > now then
  not_after(held)
else
  for _, path in ipairs(redis.call('ZRANGE', lane .. ':paths', 0, ${MAX_PATHS_READ - 1})) do
    local at = tonumber(redis.call('HGET', lane, 'held ' .. path) or '0')
    if at <= now then at = quota_reopens(quotas .. path) end
    if not at then
      local first = redis.call('ZRANGE', lane .. ':path:' .. path, 0, 0, 'WITHSCORES')
      return go(first[1] .. ' ' .. first[2] .. ' ' .. path)
    end
    not_after(at)
  end
end
if not wakeAt then
  redis.call('DEL', lane, lane .. ':orders')
  return { 'rest' }
end
redis.call('HSET', lane, 'wakeAt', ms(wakeAt))
return { 'wait', ms(wakeAt - now) }`,
  decode: (reply: NextReply) => reply,
});

/**
 * `entry`: the call that waits, or nothing. If its deadline has passed (another run may still receive its answer), it is next
 * only after the hold.
 */
const hold = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['lane'],
  args: ['field', 'forMs', 'entry'],
  lua: `
local held_until = ms(now + tonumber(forMs))
local deadline = redis.call('ZSCORE', lane .. ':deadlines', entry)
if deadline and tonumber(deadline) <= now then redis.call('ZADD', lane .. ':deadlines', held_until, entry) end
redis.call('HSET', lane, field, held_until)`,
});

/**
 * The lanes that processes before lanes of parallel calls know: one call after the other. They are used while such a process is
 * live, and emptied before the others. Order is kept among the calls of one path. Between paths it is kept
 * while all of them are open: a path whose quota is closed, or whose first call waits to be repeated, lets the others
 * pass.
 */
export class FormerLaneStore {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** Removes the call that is done, and returns what comes next. A call keeps its place until then, even if its process dies. */
  async next(owner: LaneOwner, done: LaneEntry | undefined): Promise<FormerLaneStep> {
    const { component, appid } = owner;
    const keys = { lane: this.#key(owner), quotas: this.#redis.keyspace.quota(component, appid, '') };
    const reply = await next.run(this.#redis, keys, { done: done ?? '' });
    switch (reply[0]) {
      case 'rest':
        return { do: 'rest' };
      case 'wait':
        return { do: 'wait', forMs: Number(reply[1]) };
      case 'call': {
        const [, entry] = reply;
        const [call, , path] = entry.split(' ');
        return { do: 'call', id: `${component}.${appid}.${call}`, entry, path: path! };
      }
      default:
        return reply satisfies never;
    }
  }

  /** The whole lane waits. */
  async hold(owner: LaneOwner, forMs: number): Promise<void> {
    await this.#hold(owner, 'held', forMs, '');
  }

  /** This call waits, and with it all others of its path. */
  async holdPath(owner: LaneOwner, { entry, path }: FormerLaneStep & { do: 'call' }, forMs: number): Promise<void> {
    await this.#hold(owner, `held ${path}`, forMs, entry);
  }

  /** The number of waiting calls, whatever they wait for. */
  length(owner: LaneOwner): Promise<number> {
    return this.#redis.zcard(`${this.#key(owner)}:deadlines`);
  }

  #hold(owner: LaneOwner, field: string, forMs: number, entry: LaneEntry): Promise<void> {
    return hold.run(this.#redis, { lane: this.#key(owner) }, { field, forMs: Math.ceil(forMs), entry });
  }

  #key({ component, appid }: LaneOwner): string {
    return this.#redis.keyspace.formerLane(component, appid);
  }
}
