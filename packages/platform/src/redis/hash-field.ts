import type { RedisClient } from './connect.ts';
import { defineScript } from './script.ts';

const swap = defineScript({
  keys: ['hash'],
  args: ['field', 'from', 'to'],
  lua: `
if redis.call('HGET', hash, field) ~= from then return 0 end
redis.call('HSET', hash, field, to)
return 1`,
  decode: (swapped: number) => swapped === 1,
});

/** One field of a hash; `swap` replaces its value if that is still `from`. */
export function hashField(redis: RedisClient, hash: string, field: string) {
  return {
    read: () => redis.hget(hash, field),
    swap: (from: string, to: string) => swap.run(redis, { hash }, { field, from, to }),
  };
}
