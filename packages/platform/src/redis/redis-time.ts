import type { Redis } from 'ioredis';

const MEASUREMENTS = 5;

/** A time on Redis' clock (ms) as this host's clock would show it, given what Redis' clock shows now. */
export function toLocalDate(redisMs: number, redisNowMs: number): Date {
  return new Date(Date.now() + (redisMs - redisNowMs));
}

/**
 * How far this host's clock is ahead of Redis' (ms; negative: behind), exact to half of the shortest of a few round trips.
 * Delayed jobs wait by the clock of the host that runs them, so hosts must agree with Redis.
 */
export async function clockAheadMs(redis: Pick<Redis, 'time'>): Promise<number> {
  let shortestMs = Number.POSITIVE_INFINITY;
  let aheadMs = 0;
  for (let i = 0; i < MEASUREMENTS; i++) {
    const startedAt = performance.now();
    const [seconds, microseconds] = await redis.time();
    const tripMs = performance.now() - startedAt;
    if (tripMs >= shortestMs) continue;
    shortestMs = tripMs;
    aheadMs = Date.now() - tripMs / 2 - (Number(seconds) * 1_000 + Number(microseconds) / 1_000);
  }
  return Math.round(aheadMs);
}
