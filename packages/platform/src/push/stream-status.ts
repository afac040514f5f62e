import type { RedisClient } from '../redis/connect.ts';
import { redisTimeMs } from '../redis/redis-time.ts';

/** What waits in the stream of pushes, and what could not be journaled. */
export async function streamStatus(
  redis: RedisClient,
): Promise<{ readonly waiting: number; readonly oldestMs: number; readonly bad: number }> {
  const { pushStream, badPushes } = redis.keyspace;
  const [waiting, bad, [oldest], now] = await Promise.all([
    redis.xlen(pushStream),
    redis.xlen(badPushes),
    redis.xrange(pushStream, '-', '+', 'COUNT', 1),
    redisTimeMs(redis, pushStream),
  ]);
  const acceptedAt = oldest && Number(oldest[0].split('-')[0]);
  return { waiting, bad, oldestMs: acceptedAt ? Math.max(0, now - acceptedAt) : 0 };
}
