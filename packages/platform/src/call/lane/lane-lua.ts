import { QUOTA } from '../../quota/quota-lua.ts';
import type { SharedLua } from '../../redis/script.ts';

/**
 * Functions for a lane. An entry is a call's place: the last part of its id, its number, its order key (`-`: none) and its path.
 *
 * `lane` is a hash: `seq` numbers the calls, `takes` what is taken; `wakeAt` is the time of the next batch (0: one runs or is
 * queued; absent: none is planned); `held` and `held <path>` are the times until which the whole lane or one path waits. The
 * sorted sets beside it: `:path:<path>` the entries of one path that may depart, by their number; `:paths` the paths by the
 * number of their first entry; `:aside` the entries that wait for a time; `:deadlines` all of these, and those that wait for their
 * order key, by their deadline; `:order:<key>` the entries of one order key that are due, of which only the first may depart;
 * `:inflight` what is taken, `<take> <entry>`, by the end of its hold.
 *
 * A lane does not record that a path is closed: the quota's own record does.
 */
export const LANE: SharedLua = {
  uses: [QUOTA],
  lua: `
local function lane_parts(entry) return string.match(entry, '^(%S+) (%d+) (%S+) (.+)$') end
local function lane_first_of(lane, path)
  local first = redis.call('ZRANGE', lane .. ':path:' .. path, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', lane .. ':paths', first[2], path) else redis.call('ZREM', lane .. ':paths', path) end
end
local function lane_ready(lane, entry)
  local _, seq, _, path = lane_parts(entry)
  redis.call('ZADD', lane .. ':path:' .. path, seq, entry)
  lane_first_of(lane, path)
end
local function lane_unready(lane, entry)
  local _, _, _, path = lane_parts(entry)
  if redis.call('ZREM', lane .. ':path:' .. path, entry) == 1 then lane_first_of(lane, path) end
  redis.call('ZREM', lane .. ':aside', entry)
  redis.call('ZREM', lane .. ':deadlines', entry)
end
local function lane_due(lane, entry, number)
  local _, _, order = lane_parts(entry)
  if order ~= '-' then
    local queue = lane .. ':order:' .. order
    redis.call('ZADD', queue, 'NX', ms(number), entry)
    if redis.call('ZRANGE', queue, 0, 0)[1] ~= entry then return false end
  end
  lane_ready(lane, entry)
  return true
end
local function lane_settled(lane, entry)
  lane_unready(lane, entry)
  local _, _, order, path = lane_parts(entry)
  redis.call('HDEL', lane, 'held ' .. path)
  if order == '-' then return end
  local queue = lane .. ':order:' .. order
  local was_first = redis.call('ZRANGE', queue, 0, 0)[1] == entry
  redis.call('ZREM', queue, entry)
  local first = was_first and redis.call('ZRANGE', queue, 0, 0)[1]
  if first then lane_ready(lane, first) end
end
local function lane_append(lane, closed, call, order, path, notBeforeAt, deadlineAt)
  local seq = redis.call('HINCRBY', lane, 'seq', 1)
  local entry = call .. ' ' .. ms(seq) .. ' ' .. order .. ' ' .. path
  redis.call('ZADD', lane .. ':deadlines', ms(deadlineAt), entry)
  local at = deadlineAt
  if notBeforeAt > now then
    at = math.min(notBeforeAt, deadlineAt)
    redis.call('ZADD', lane .. ':aside', ms(notBeforeAt), entry)
  elseif lane_due(lane, entry, seq) then
    at = math.min(quota_reopens(closed) or now, deadlineAt)
  end
  local wakeAt = redis.call('HGET', lane, 'wakeAt')
  return entry, not wakeAt or (wakeAt ~= '0' and at < tonumber(wakeAt))
end
local function lane_length(lane)
  return redis.call('ZCARD', lane .. ':deadlines') + redis.call('ZCARD', lane .. ':inflight')
end
`,
};
