import type { RedisClient } from '../../../redis/connect.ts';
import { defineScript } from '../../../redis/script.ts';
import { LANE } from '../lane-lua.ts';
import type { LaneOwner } from '../lane-owner.ts';
import { FORMER_LANE } from './former-lane-lua.ts';

const MAX_READ_AT_ONCE = 200;

/**
 * Moves the waiting calls among `MAX_READ_AT_ONCE` of the lane, from the `skip`th on. Those of an order key keep their order, and
 * move only if none of them is in flight. Returns how many have moved, how many remain of those read, and whether they must be woken.
 */
const move = defineScript({
  uses: [LANE, FORMER_LANE],
  keys: ['lane', 'former', 'quotas', 'calls'],
  args: ['skip'],
  lua: `
local deadlines = lane .. ':deadlines'
local moved, skipped, wakes = 0, 0, 0
local function move(entry)
  local call, _, order, path = lane_parts(entry)
  local record = calls .. call
  local state, deadline = unpack(redis.call('HMGET', record, 'state', 'deadlineAt'))
  local not_before = tonumber(redis.call('ZSCORE', lane .. ':aside', entry) or '0')
  lane_unready(lane, entry)
  if order ~= '-' then
    redis.call('ZREM', lane .. ':order:' .. order, entry)
    former_ordered(former, order)
  end
  moved = moved + 1
  if not state or state == 'settled' then return end
  redis.call('HSET', record, 'inLane', '1')
  wakes = math.max(wakes, former_append(former, quotas .. path, call, path, not_before, tonumber(deadline)))
end
for _, entry in ipairs(redis.call('ZRANGE', deadlines, skip, skip + ${MAX_READ_AT_ONCE - 1})) do
  local _, _, order = lane_parts(entry)
  local queue = order ~= '-' and redis.call('ZRANGE', lane .. ':order:' .. order, 0, -1) or {}
  local is_waiting = true
  for _, other in ipairs(queue) do is_waiting = is_waiting and redis.call('ZSCORE', deadlines, other) end
  if not redis.call('ZSCORE', deadlines, entry) then
    -- It has moved with its order key.
  elseif is_waiting then
    for _, other in ipairs(queue) do move(other) end
    if redis.call('ZSCORE', deadlines, entry) then move(entry) end
  else
    skipped = skipped + 1
  end
end
return { moved, skipped, wakes }`,
  decode: ([moved, skipped, wakes]: [number, number, number]) => ({ moved, skipped, wakes: wakes === 1 }),
});

/** Whether calls wait in an account's lane of the current format. */
export async function hasWaiting(redis: RedisClient, { component, appid }: LaneOwner): Promise<boolean> {
  return (await redis.exists(`${redis.keyspace.lane(component, appid)}:deadlines`)) === 1;
}

/** Moves what waits in an account's lane to the one of the former format. Returns whether the lane must be woken for it. */
export async function moveToFormer(redis: RedisClient, { component, appid }: LaneOwner): Promise<boolean> {
  const { keyspace } = redis;
  const keys = {
    lane: keyspace.lane(component, appid),
    former: keyspace.formerLane(component, appid),
    quotas: keyspace.quota(component, appid, ''),
    calls: keyspace.call(component, appid, `${component}.${appid}.`),
  };
  let [skip, mustWake] = [0, false];
  for (;;) {
    const { moved, skipped, wakes } = await move.run(redis, keys, { skip });
    skip += skipped;
    mustWake ||= wakes;
    if (moved + skipped === 0) return mustWake;
  }
}
