import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

/** So much of one account may lie in Redis and wait. */
const MOST_WAITING_BYTES = 256 * 1024 * 1024;
/** Smaller ones are bounded well enough by how many calls a lane holds. */
const SMALL_BYTES = 1_024;
/** Some milliseconds of Redis' time. */
const MAX_SWEPT_AT_ONCE = 1_000;

/**
 * Lua functions for the scripts that create and end a background call. `bodies` has each larger request, `<call> <bytes>`,
 * by the end of its record; `bodies:sum` has their bytes. What ends by itself, because no worker came in time, is given
 * back by the calls that come next, in bounded steps: `bodies_take` answers 'more' where there is no place, but some of
 * what has ended is still counted.
 */
export const BODIES_LUA = `
local function bodies_less(bodies, bytes)
  if redis.call('DECRBY', bodies .. ':sum', bytes) <= 0 then redis.call('DEL', bodies .. ':sum') end
end
local function bodies_sweep(bodies)
  local ended = redis.call('ZRANGEBYSCORE', bodies, '-inf', now, 'LIMIT', 0, ${MAX_SWEPT_AT_ONCE})
  local bytes = 0
  for _, entry in ipairs(ended) do bytes = bytes + tonumber(string.match(entry, '(%d+)$')) end
  if #ended > 0 then
    redis.call('ZREM', bodies, unpack(ended))
    bodies_less(bodies, string.format('%.0f', bytes))
  end
  return #ended == ${MAX_SWEPT_AT_ONCE}
end
local function bodies_take(bodies, call, bytes, lives)
  if bytes <= ${SMALL_BYTES} then return 'taken' end
  local more = bodies_sweep(bodies)
  if tonumber(redis.call('GET', bodies .. ':sum') or '0') + bytes > ${MOST_WAITING_BYTES} then
    return more and 'more' or 'full'
  end
  redis.call('ZADD', bodies, string.format('%.0f', now + lives), call .. ' ' .. bytes)
  redis.call('INCRBY', bodies .. ':sum', bytes)
  for _, key in ipairs({ bodies, bodies .. ':sum' }) do
    if redis.call('PTTL', key) < lives then redis.call('PEXPIRE', key, lives) end
  end
  redis.call('HSET', KEYS[1], 'bytes', bytes)
  return 'taken'
end
local function bodies_give_back(bodies, call, bytes)
  if bytes and redis.call('ZREM', bodies, call .. ' ' .. bytes) == 1 then bodies_less(bodies, bytes) end
end
`;

/** KEYS: bodies. Answers 1 where some of what has ended is still counted. */
const sweep = defineScript<number>(`${NOW_LUA}
${BODIES_LUA}
return bodies_sweep(KEYS[1]) and 1 or 0`);

/** Gives back the bodies of all calls that have ended, in many short scripts. */
export async function sweepBodies(redis: RedisClient, callIndex: string): Promise<void> {
  while ((await sweep(redis, [`${callIndex}:bodies`], [])) === 1);
}
