import { Failure } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';

/** An idle key may send the requests of a whole second at once. */
const BURST_MS = 1_000;

/** A token bucket, stored as the one time at which it will be full again. Returns for how long (ms) it is empty, or 0. */
const take = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['rate'],
  args: ['costMs'],
  lua: `
local cost = tonumber(costMs)
local fullAt = math.max(tonumber(redis.call('GET', rate) or '0'), now) + cost
local tooEarly = fullAt - now - ${BURST_MS}
-- A thousandth, because sums of fractions are not exact.
if tooEarly > 0.001 then return math.ceil(tooEarly) end
redis.call('SET', rate, string.format('%.4f', fullAt), 'PX', math.ceil(fullAt - now))
return 0`,
  decode: (waitMs: number) => waitMs,
});

/** Counts the requests of one key over all nodes. Throws Failure `rate_limited`. */
export async function takeFromRate(redis: RedisClient, id: string, ratePerSecond: number): Promise<void> {
  const waitMs = await take.run(redis, { rate: redis.keyspace.keyRate(id) }, { costMs: 1_000 / ratePerSecond });
  if (waitMs === 0) return;
  throw new Failure('rate_limited', 'slow-down', `This key may send ${ratePerSecond} requests a second.`, {
    retryAfterMs: waitMs,
  });
}
