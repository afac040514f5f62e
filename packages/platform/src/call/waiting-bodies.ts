import type { RedisClient } from '../redis/connect.ts';
import { defineScript, type SharedLua } from '../redis/script.ts';
import { SIZED_SET } from './sized-set.ts';

/** Per account, of the calls that wait in Redis. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;
/** Smaller bodies are limited sufficiently by the number of calls in a lane. */
const SMALL_BYTES = 1_024;

/**
 * Functions for the scripts that create and end a background call. `bodies` is the set of the larger requests, by the time at
 * which their record expires. Later calls remove what has expired, in bounded steps: `bodies_take` returns 'more' if there
 * is no capacity, but expired bodies are still counted.
 */
export const WAITING_BODIES: SharedLua = {
  uses: [SIZED_SET],
  lua: `
local function bodies_take(bodies, record, call, bytes, lives)
  if bytes <= ${SMALL_BYTES} then return 'taken' end
  local more = sized_sweep(bodies)
  if sized_sum(bodies) + bytes > ${MAX_WAITING_BYTES} then return more and 'more' or 'full' end
  sized_add(bodies, call, bytes, lives)
  redis.call('HSET', record, 'bytes', bytes)
  return 'taken'
end
local function bodies_give_back(bodies, call, bytes)
  if bytes and redis.call('ZREM', bodies, call .. ' ' .. bytes) == 1 then sized_less(bodies, bytes) end
end
`,
};

/** Whether expired bodies are still counted. */
const sweep = defineScript({
  uses: [SIZED_SET],
  keys: ['bodies'],
  lua: `return sized_sweep(bodies) and 1 or 0`,
  decode: (more: number) => more === 1,
});

/** Removes the bodies of all expired calls, by many short scripts. */
export async function sweepBodies(redis: RedisClient, callIndex: string): Promise<void> {
  while (await sweep.run(redis, { bodies: `${callIndex}:bodies` }));
}
