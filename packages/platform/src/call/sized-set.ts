import { REDIS_CLOCK, type SharedLua } from '../redis/script.ts';

/** Handled by one script, which takes some milliseconds of Redis' time. */
export const MAX_ENTRIES_AT_ONCE = 1_000;

/**
 * Functions for a sorted set of what calls occupy in Redis: `<call> <bytes>` by the time (ms) at which it expires, and in
 * `:sum` the bytes of all. Later calls remove what has expired, in bounded steps. `sized_sweep` removes it also from
 * `beside`, a set with the same entries in another order, and returns whether expired entries are still counted.
 */
export const SIZED_SET: SharedLua = {
  uses: [REDIS_CLOCK],
  lua: `
local function sized_less(set, bytes)
  if redis.call('DECRBY', set .. ':sum', string.format('%.0f', bytes)) <= 0 then redis.call('DEL', set .. ':sum') end
end
local function sized_bytes(entry) return tonumber(string.match(entry, '(%d+)$')) end
local function sized_sum(set) return tonumber(redis.call('GET', set .. ':sum') or '0') end
local function sized_live(key, lives)
  if redis.call('PTTL', key) < lives then redis.call('PEXPIRE', key, lives) end
end
local function sized_sweep(set, beside)
  local ended = redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, ${MAX_ENTRIES_AT_ONCE})
  local bytes = 0
  for _, entry in ipairs(ended) do bytes = bytes + sized_bytes(entry) end
  if #ended > 0 then
    redis.call('ZREM', set, unpack(ended))
    if beside then redis.call('ZREM', beside, unpack(ended)) end
    sized_less(set, bytes)
  end
  return #ended == ${MAX_ENTRIES_AT_ONCE}
end
local function sized_add(set, call, bytes, lives)
  redis.call('ZADD', set, ms(now + lives), call .. ' ' .. bytes)
  redis.call('INCRBY', set .. ':sum', bytes)
  sized_live(set, lives)
  sized_live(set .. ':sum', lives)
end
`,
};
