import { Failure } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

/** A key that was quiet may use up a whole second at once. */
const BURST_MS = 1_000;

/**
 * A token bucket, kept as the one time at which it will be full again. KEYS: rate. ARGV: what one request costs (ms).
 * Answers for how long (ms) there is nothing to take, or 0.
 */
const take = defineScript<number>(`${NOW_LUA}
local cost = tonumber(ARGV[1])
local fullAt = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + cost
local tooEarly = fullAt - now - ${BURST_MS}
-- A thousandth, because sums of fractions are never quite even.
if tooEarly > 0.001 then return math.ceil(tooEarly) end
redis.call('SET', KEYS[1], string.format('%.4f', fullAt), 'PX', math.ceil(fullAt - now))
return 0`);

/** Counts the requests of one key over all nodes. Throws Failure `rate_limited`. */
export async function takeOfRate(redis: RedisClient, id: string, ratePerSecond: number): Promise<void> {
  const waitMs = Number(await take(redis, [redis.keyspace.keyRate(id)], [1_000 / ratePerSecond]));
  if (waitMs === 0) return;
  throw new Failure('rate_limited', 'slow-down', `this key may ask ${ratePerSecond} times in a second`, {
    retryAfterMs: waitMs,
  });
}
