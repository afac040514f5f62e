import { QUOTA_LUA } from '../../quota/quota-lua.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { defineScript, NOW_LUA } from '../../redis/script.ts';
import type { CallId } from '../call-id.ts';

/** Whose lane it is. */
export interface LaneOwner {
  readonly component: string;
  readonly appid: string;
}

/** A call's place in its lane: the last part of its id, its number, its path; opaque to all but the scripts here. */
type LaneEntry = string;

export type LaneStep =
  /** The next call to perform. It stays in the lane until it is handed back as done. */
  | { readonly do: 'call'; readonly id: string; readonly entry: LaneEntry; readonly path: string }
  /** Nothing may leave before then. */
  | { readonly do: 'wait'; readonly forMs: number }
  | { readonly do: 'rest' };

/** More paths than this in one lane are looked at in a later turn, when the first have emptied. */
const MAX_PATHS_READ = 1_000;
const MAX_MOVED_AT_ONCE = 100;

/**
 * Lua functions for the script that creates a call. `lane` is a hash: `seq` numbers the calls; `wakeAt` is the time at
 * which somebody looks again (0: a turn is under way or on its way; absent: nobody does); `held`, `held <path>` say
 * until when the whole lane or one path waits. Beside it lie sorted sets: `:path:<path>` the calls of one path by
 * number, `:paths` the paths by the number of their first call, `:aside` calls not wanted before a time, `:deadlines`
 * every call by its deadline.
 *
 * That a path is closed is written nowhere here: the quota's own record says so.
 */
export const LANE_LUA = `
${QUOTA_LUA}
local function lane_first_of(lane, path)
  local first = redis.call('ZRANGE', lane .. ':path:' .. path, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', lane .. ':paths', first[2], path) else redis.call('ZREM', lane .. ':paths', path) end
end
local function lane_append(lane, closed, call, path, notBeforeAt, deadlineAt)
  local seq = redis.call('HINCRBY', lane, 'seq', 1)
  local entry = call .. ' ' .. string.format('%.0f', seq) .. ' ' .. path
  redis.call('ZADD', lane .. ':deadlines', string.format('%.0f', deadlineAt), entry)
  local at = now
  if notBeforeAt > now then
    at = notBeforeAt
    redis.call('ZADD', lane .. ':aside', string.format('%.0f', notBeforeAt), entry)
  else
    redis.call('ZADD', lane .. ':path:' .. path, seq, call)
    redis.call('ZADD', lane .. ':paths', 'NX', seq, path)
    at = quota_reopens(closed) or now
  end
  local wakeAt = redis.call('HGET', lane, 'wakeAt')
  if not wakeAt or (wakeAt ~= '0' and math.min(at, deadlineAt) < tonumber(wakeAt)) then return 1 end
  return 0
end
`;

/** KEYS: lane, the account's quotas without their path. ARGV: what is done, or nothing. */
const next = defineScript<[string, string?]>(`${NOW_LUA}
${LANE_LUA}
local lane, closed = KEYS[1], KEYS[2]
local function parts(entry) return string.match(entry, '^(%S+) (%d+) (.+)$') end

if ARGV[1] ~= '' then
  local call, _, path = parts(ARGV[1])
  redis.call('ZREM', lane .. ':path:' .. path, call)
  redis.call('ZREM', lane .. ':aside', ARGV[1])
  redis.call('ZREM', lane .. ':deadlines', ARGV[1])
  redis.call('HDEL', lane, 'held ' .. path)
  lane_first_of(lane, path)
end

local due = redis.call('ZRANGEBYSCORE', lane .. ':aside', '-inf', now, 'LIMIT', 0, ${MAX_MOVED_AT_ONCE})
for _, entry in ipairs(due) do
  local call, seq, path = parts(entry)
  redis.call('ZREM', lane .. ':aside', entry)
  redis.call('ZADD', lane .. ':path:' .. path, seq, call)
  lane_first_of(lane, path)
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
    if at <= now then at = quota_reopens(closed .. path) end
    if not at then
      local first = redis.call('ZRANGE', lane .. ':path:' .. path, 0, 0, 'WITHSCORES')
      return go(first[1] .. ' ' .. first[2] .. ' ' .. path)
    end
    not_after(at)
  end
end
if not wakeAt then
  redis.call('DEL', lane)
  return { 'rest' }
end
redis.call('HSET', lane, 'wakeAt', string.format('%.0f', wakeAt))
return { 'wait', string.format('%.0f', wakeAt - now) }`);

/**
 * A call that waits although its deadline has passed (another run may still bring its answer) is next only after that.
 * KEYS: lane. ARGV: field, for how long, the call that waits or nothing.
 */
const hold = defineScript<number>(`${NOW_LUA}
local lane, field, entry = KEYS[1], ARGV[1], ARGV[3]
local held_until = string.format('%.0f', now + tonumber(ARGV[2]))
local deadline = redis.call('ZSCORE', lane .. ':deadlines', entry)
if deadline and tonumber(deadline) <= now then redis.call('ZADD', lane .. ':deadlines', held_until, entry) end
return redis.call('HSET', lane, field, held_until)`);

/**
 * The background calls of each account, in order. Order is kept among the calls of one path. Between paths it is kept
 * while all of them are open: a path whose quota is closed, or whose first call waits to be repeated, lets the others
 * pass.
 */
export class LaneStore {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** Takes out what is done, and answers what comes next. Until then a call stays in its place, whoever dies. */
  async next(owner: LaneOwner, done: LaneEntry | undefined): Promise<LaneStep> {
    const { component, appid } = owner;
    const [what, told] = await next(
      this.#redis,
      [this.#key(owner), this.#redis.keyspace.quota(component, appid, '')],
      [done ?? ''],
    );
    if (what === 'wait') return { do: 'wait', forMs: Number(told) };
    if (what !== 'call' || told === undefined) return { do: 'rest' };
    const [call, , path] = told.split(' ');
    return { do: 'call', id: `${component}.${appid}.${call}`, entry: told, path: path! };
  }

  /** The lane waits a little. */
  async hold(owner: LaneOwner, forMs: number): Promise<void> {
    await hold(this.#redis, [this.#key(owner)], ['held', Math.ceil(forMs), '']);
  }

  /** This call waits a little, and with it all others of its path. */
  async holdPath(owner: LaneOwner, { entry, path }: LaneStep & { do: 'call' }, forMs: number): Promise<void> {
    await hold(this.#redis, [this.#key(owner)], [`held ${path}`, Math.ceil(forMs), entry]);
  }

  /** Calls that wait, whyever. */
  length(owner: LaneOwner): Promise<number> {
    return this.#redis.zcard(`${this.#key(owner)}:deadlines`);
  }

  #key({ component, appid }: LaneOwner): string {
    return this.#redis.keyspace.lane(component, appid);
  }
}

/** As lanes name a call: its owner is known there. */
export function lastPartOf(call: CallId): string {
  return call.id.slice(call.id.lastIndexOf('.') + 1);
}
