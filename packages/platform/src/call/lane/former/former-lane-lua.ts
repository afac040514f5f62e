import { QUOTA } from '../../../quota/quota-lua.ts';
import type { SharedLua } from '../../../redis/script.ts';

/** Longer than any call may wait in a lane. */
const ORDERS_TTL_MS = 8 * 24 * 60 * 60_000;

/**
 * Functions for a lane. `lane` is a hash: `seq` numbers the calls; `wakeAt` is the time of the next batch (0: one runs or is
 * queued; absent: none is planned); `held` and `held <path>` are the times until which the whole lane or one path waits. The
 * sorted sets beside it: `:path:<path>` the calls of one path by their number, `:paths` the paths by the number of their first
 * call, `:aside` the calls with a later `notBeforeAt`, `:deadlines` all calls by their deadline. `:orders` is the set of the order keys
 * in the lane; older processes do not know it.
 *
 * A lane does not record that a path is closed: the quota's own record does.
 */
export const FORMER_LANE: SharedLua = {
  uses: [QUOTA],
  lua: `
local function former_first_of(lane, path)
  local first = redis.call('ZRANGE', lane .. ':path:' .. path, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', lane .. ':paths', first[2], path) else redis.call('ZREM', lane .. ':paths', path) end
end
local function former_ordered(lane, order)
  redis.call('SADD', lane .. ':orders', order)
  redis.call('PEXPIRE', lane .. ':orders', ${ORDERS_TTL_MS})
end
local function former_append(lane, closed, call, path, notBeforeAt, deadlineAt)
  local seq = redis.call('HINCRBY', lane, 'seq', 1)
  local entry = call .. ' ' .. ms(seq) .. ' ' .. path
  redis.call('ZADD', lane .. ':deadlines', ms(deadlineAt), entry)
  local at = now
  if notBeforeAt > now then
    at = notBeforeAt
    redis.call('ZADD', lane .. ':aside', ms(notBeforeAt), entry)
  else
    redis.call('ZADD', lane .. ':path:' .. path, seq, call)
    redis.call('ZADD', lane .. ':paths', 'NX', seq, path)
    at = quota_reopens(closed) or now
  end
  local wakeAt = redis.call('HGET', lane, 'wakeAt')
  if not wakeAt or (wakeAt ~= '0' and math.min(at, deadlineAt) < tonumber(wakeAt)) then return 1 end
  return 0
end
`,
};
