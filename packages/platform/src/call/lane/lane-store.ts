import type { RedisClient } from '../../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../../redis/script.ts';
import { HELD_MS } from '../call-record.ts';
import { LANE } from './lane-lua.ts';
import type { LaneOwner } from './lane-owner.ts';

/** A call that was taken from its lane. Until it is returned, or its hold ends, no other process takes it. */
export interface TakenCall {
  readonly id: string;
  /** The take and the place in the lane. Only the scripts of this folder read it. */
  readonly member: string;
  /** What its body occupies, at least `MIN_CALL_BYTES`. */
  readonly bytes: number;
}

/**
 * How the run of a taken call ended. `again`: the call waits, and with it only its order key. `token`: the whole lane waits.
 * `quota`, `requeue`: it may be taken at once, unless its path is closed.
 */
export interface ReturnedCall {
  readonly member: string;
  readonly how: 'settled' | 'again' | 'token' | 'quota' | 'requeue';
  readonly forMs: number;
}

export interface LaneStep {
  readonly taken: readonly TakenCall[];
  /**
   * Why no more is taken. `ready`: no more was requested. `large`: the next call needs `bytes`. `full`: the bound of calls in flight
   * is reached. `wait`: no other call may depart before `forMs`. `rest`: the lane is empty, and nothing of it in flight.
   */
  readonly next: 'ready' | 'large' | 'full' | 'wait' | 'rest';
  /** Of `full` and `wait`: when the lane must be checked at the latest, unless a call is returned before. */
  readonly forMs: number;
  /** Of `large`. */
  readonly bytes: number;
}

export interface LaneTerms {
  /** How many calls of the lane may be in flight, in all processes together. */
  readonly limit: number;
  /** How many to take, and how many bytes they may need together. */
  readonly count: number;
  readonly bytes: number;
}

/** What a call counts at least, so that the bound on bytes also bounds the number of calls in flight in a process. */
export const MIN_CALL_BYTES = 64 * 1024;
/** Further paths of a lane are read by a later step, when the first ones are empty. */
const MAX_PATHS_READ = 1_000;
const MAX_MOVED_AT_ONCE = 100;
/** How long a path waits for its calls in the lane of the former format. */
const FORMER_WAIT_MS = 1_000;

type StepReply = [next: LaneStep['next'], forMs: string, bytes: string, ...taken: string[]];

/**
 * Returns calls, and takes others. `quotas`, `calls`: the account's, without path and id. `returned`: member, how and forMs of each.
 *
 * A call whose deadline has passed is taken whatever it waits for, because it will not be sent; so it may exceed the limit.
 */
const step = defineScript({
  uses: [LANE],
  keys: ['lane', 'former', 'quotas', 'calls'],
  args: ['limit', 'count', 'bytes', '...returned'],
  lua: `
limit, count, bytes = tonumber(limit), tonumber(count), tonumber(bytes)
local inflight, deadlines, aside = lane .. ':inflight', lane .. ':deadlines', lane .. ':aside'
local function entry_of(member) return string.match(member, '^%d+ (.+)$') end
local function come_back(entry, how, at)
  local call, _, _, path = lane_parts(entry)
  local state, deadline = unpack(redis.call('HMGET', calls .. call, 'state', 'deadlineAt'))
  if not state or state == 'settled' then return lane_settled(lane, entry) end
  local waits = how == 'again'
  redis.call('ZADD', deadlines, ms(waits and math.max(tonumber(deadline), at) or tonumber(deadline)), entry)
  if how == 'token' then redis.call('HSET', lane, 'held', ms(at)) end
  if waits and limit > 1 then return redis.call('ZADD', aside, ms(at), entry) end
  if waits then redis.call('HSET', lane, 'held ' .. path, ms(at)) end
  lane_due(lane, entry, redis.call('HINCRBY', lane, 'seq', 1))
end

for i = 1, #returned, 3 do
  local member, how, at = returned[i], returned[i + 1], now + tonumber(returned[i + 2])
  if redis.call('ZREM', inflight, member) == 1 then
    if how == 'settled' then lane_settled(lane, entry_of(member)) else come_back(entry_of(member), how, at) end
  end
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', inflight, '-inf', now, 'LIMIT', 0, ${MAX_MOVED_AT_ONCE})) do
  redis.call('ZREM', inflight, member)
  come_back(entry_of(member), 'requeue', now)
end
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', aside, '-inf', now, 'LIMIT', 0, ${MAX_MOVED_AT_ONCE})) do
  redis.call('ZREM', aside, entry)
  lane_due(lane, entry, redis.call('HINCRBY', lane, 'seq', 1))
end

local taken, state, needs, wakeAt = {}, nil, 0, nil
local flying = redis.call('ZCARD', inflight)
local function not_after(at) if not wakeAt or at < wakeAt then wakeAt = at end end
local function take(entry, most)
  if flying >= most then state = 'full' return false end
  if #taken >= 2 * count then state = 'ready' return false end
  local call = lane_parts(entry)
  local size = math.max(${MIN_CALL_BYTES}, tonumber(redis.call('HGET', calls .. call, 'bytes') or '0'))
  if size > bytes then state, needs = 'large', size return false end
  bytes, flying = bytes - size, flying + 1
  lane_unready(lane, entry)
  local member = ms(redis.call('HINCRBY', lane, 'takes', 1)) .. ' ' .. entry
  redis.call('ZADD', inflight, ms(now + ${HELD_MS}), member)
  table.insert(taken, member)
  table.insert(taken, ms(size))
  return true
end

repeat
  local dead = redis.call('ZRANGE', deadlines, 0, 0, 'WITHSCORES')
  local late = dead[1] and tonumber(dead[2]) <= now
  if dead[1] and not late then not_after(tonumber(dead[2])) end
until not late or not take(dead[1], 2 * limit)

local held = tonumber(redis.call('HGET', lane, 'held') or '0')
if held > now then
  not_after(held)
elseif not state then
  local former_waits = redis.call('EXISTS', former .. ':paths') == 1
  local closed = {}
  local function first_open()
    for _, path in ipairs(redis.call('ZRANGE', lane .. ':paths', 0, ${MAX_PATHS_READ - 1})) do
      local first = not closed[path] and redis.call('ZRANGE', lane .. ':path:' .. path, 0, 0)[1]
      if first then
        local at = tonumber(redis.call('HGET', lane, 'held ' .. path) or '0')
        if at <= now then at = quota_reopens(quotas .. path) end
        if not at and former_waits then
          local _, _, order = lane_parts(first)
          local is_behind = redis.call('EXISTS', former .. ':path:' .. path) == 1
            or redis.call('SISMEMBER', former .. ':orders', order) == 1
          if is_behind then at = now + ${FORMER_WAIT_MS} end
        end
        if not at then return first end
        closed[path] = true
        not_after(at)
      end
    end
  end
  repeat local entry = first_open() until not entry or not take(entry, limit)
end

local beside = redis.call('ZRANGE', aside, 0, 0, 'WITHSCORES')
if beside[1] then not_after(tonumber(beside[2])) end
local ends = redis.call('ZRANGE', inflight, 0, 0, 'WITHSCORES')
if ends[1] then not_after(tonumber(ends[2])) end
if not state and not wakeAt then
  redis.call('DEL', lane)
  return { 'rest', '0', '0' }
end
state = state or 'wait'
local forMs = ms(math.max(0, (wakeAt or now) - now))
if state == 'wait' then
  redis.call('HSET', lane, 'wakeAt', ms(wakeAt))
elseif state == 'full' or count > 0 then
  redis.call('HSET', lane, 'wakeAt', '0')
end
return { state, forMs, ms(needs), unpack(taken) }`,
  decode: (reply: StepReply) => reply,
});

/** Of a call that no other process has taken since. */
const renew = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['lane'],
  args: ['...members'],
  lua: `
for _, member in ipairs(members) do redis.call('ZADD', lane .. ':inflight', 'XX', ms(now + ${HELD_MS}), member) end`,
});

/**
 * The background calls of each account. Calls with the same order key depart one after the other, each when the one before has
 * settled. Of the others several are in flight.
 */
export class LaneStore {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async step(owner: LaneOwner, returned: readonly ReturnedCall[], terms: LaneTerms): Promise<LaneStep> {
    const { component, appid } = owner;
    const { keyspace } = this.#redis;
    const prefix = `${component}.${appid}.`;
    const [next, forMs, bytes, ...flat] = await step.run(
      this.#redis,
      {
        lane: this.#key(owner),
        former: keyspace.formerLane(component, appid),
        quotas: keyspace.quota(component, appid, ''),
        calls: keyspace.call(component, appid, prefix),
      },
      {
        ...terms,
        returned: returned.flatMap(({ member, how, forMs }) => [member, how, Math.ceil(forMs)]),
      },
    );
    const taken: TakenCall[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      const member = flat[i]!;
      taken.push({ id: `${prefix}${member.split(' ', 2)[1]}`, member, bytes: Number(flat[i + 1]) });
    }
    return { taken, next, forMs: Number(forMs), bytes: Number(bytes) };
  }

  /** Prolongs the holds of calls in flight. */
  async renew(calls: readonly { readonly owner: LaneOwner; readonly members: readonly string[] }[]): Promise<void> {
    await renew.batch(
      this.#redis,
      calls.map(({ owner, members }) => [{ lane: this.#key(owner) }, { members }] as const),
    );
  }

  /** The number of calls, waiting or in flight. */
  async length(owner: LaneOwner): Promise<number> {
    const [waiting, inFlight] = await Promise.all([
      this.#redis.zcard(`${this.#key(owner)}:deadlines`),
      this.#redis.zcard(`${this.#key(owner)}:inflight`),
    ]);
    return waiting + inFlight;
  }

  #key({ component, appid }: LaneOwner): string {
    return this.#redis.keyspace.lane(component, appid);
  }
}
