/** So much of one account may lie in Redis and wait. */
const MOST_WAITING_BYTES = 256 * 1024 * 1024;
/** Smaller ones are bounded well enough by how many calls a lane holds. */
const SMALL_BYTES = 1_024;

/**
 * Lua functions for the scripts that create and end a background call. `bodies` has each larger request, `<call> <bytes>`,
 * by the end of its record; `bodies:sum` has their bytes. What ends by itself, because no worker came in time, is given
 * back by whoever comes next.
 */
export const BODIES_LUA = `
local function bodies_less(bodies, bytes)
  if redis.call('DECRBY', bodies .. ':sum', bytes) <= 0 then redis.call('DEL', bodies .. ':sum') end
end
local function bodies_take(bodies, call, bytes, lives)
  if bytes <= ${SMALL_BYTES} then return true end
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', bodies, '-inf', now)) do
    redis.call('ZREM', bodies, entry)
    bodies_less(bodies, string.match(entry, '(%d+)$'))
  end
  if tonumber(redis.call('GET', bodies .. ':sum') or '0') + bytes > ${MOST_WAITING_BYTES} then return false end
  redis.call('ZADD', bodies, string.format('%.0f', now + lives), call .. ' ' .. bytes)
  redis.call('INCRBY', bodies .. ':sum', bytes)
  for _, key in ipairs({ bodies, bodies .. ':sum' }) do
    if redis.call('PTTL', key) < lives then redis.call('PEXPIRE', key, lives) end
  end
  redis.call('HSET', KEYS[1], 'bytes', bytes)
  return true
end
local function bodies_give_back(bodies, call, bytes)
  if bytes and redis.call('ZREM', bodies, call .. ' ' .. bytes) == 1 then bodies_less(bodies, bytes) end
end
`;
