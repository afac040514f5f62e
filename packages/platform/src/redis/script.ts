import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** Lua that answers milliseconds of Redis' own clock: the one clock on which all processes agree. */
export const NOW_LUA = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;

export type Script<Reply> = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
) => Promise<Reply>;

/** A Lua script, sent by its hash and in full only where the server does not know it (a restart or FLUSHALL forgets). */
export function defineScript<Reply>(lua: string): Script<Reply> {
  const hash = createHash('sha1').update(lua).digest('hex');
  return async (redis, keys, args) => {
    const rest = [...keys, ...args] as (string | number)[];
    try {
      return (await redis.evalsha(hash, keys.length, ...rest)) as Reply;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return (await redis.eval(lua, keys.length, ...rest)) as Reply;
    }
  };
}

/** Swaps one field for another value, if it is still the one that was read. KEYS: hash. ARGV: field, from, to. */
export const swapField = defineScript<number>(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`);
