import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';
import { SIZED_SET_LUA } from './sized-set.ts';

/** So much of one account may lie in Redis and wait. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;
/** Smaller ones are bounded well enough by how many calls a lane holds. */
const SMALL_BYTES = 1_024;

/**
 * Lua functions for the scripts that create and end a background call; includes `SIZED_SET_LUA`. `bodies` is the set of each
 * larger request, by the end of its record. What ends by itself, because no worker came in time, is given back by the
 * calls that come next, in bounded steps: `bodies_take` answers 'more' where there is no place, but some of what has ended
 * is still counted.
 */
export const BODIES_LUA = `
${SIZED_SET_LUA}
local function bodies_take(bodies, call, bytes, lives)
  if bytes <= ${SMALL_BYTES} then return 'taken' end
  local more = sized_sweep(bodies)
  if sized_sum(bodies) + bytes > ${MAX_WAITING_BYTES} then return more and 'more' or 'full' end
  sized_add(bodies, call, bytes, lives)
  redis.call('HSET', KEYS[1], 'bytes', bytes)
  return 'taken'
end
local function bodies_give_back(bodies, call, bytes)
  if bytes and redis.call('ZREM', bodies, call .. ' ' .. bytes) == 1 then sized_less(bodies, bytes) end
end
`;

/** KEYS: bodies. Answers 1 where some of what has ended is still counted. */
const sweep = defineScript<number>(`${NOW_LUA}
${SIZED_SET_LUA}
return sized_sweep(KEYS[1]) and 1 or 0`);

/** Gives back the bodies of all calls that have ended, in many short scripts. */
export async function sweepBodies(redis: RedisClient, callIndex: string): Promise<void> {
  while ((await sweep(redis, [`${callIndex}:bodies`], [])) === 1);
}
