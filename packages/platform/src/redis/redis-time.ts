import type { Cluster, Redis } from 'ioredis';
import { defineScript, REDIS_CLOCK } from './script.ts';
import { mastersOf } from './servers.ts';

const MEASUREMENTS = 5;

const clock = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['key'],
  lua: 'return ms(now)',
  decode: (now: string) => Number(now),
});

/** Milliseconds of the clock of the server that has the key: the clock that scripts with this key read. */
export function redisTimeMs(redis: Redis | Cluster, key: string): Promise<number> {
  return clock.run(redis, { key });
}

/** A time on Redis' clock (ms) as this host's clock would show it, given what Redis' clock shows now. */
export function toLocalDate(redisMs: number, redisNowMs: number): Date {
  return new Date(Date.now() + (redisMs - redisNowMs));
}

/**
 * How far this host's clock is ahead of Redis' (ms; negative: behind); of several servers, the one whose clock differs most.
 * Delayed jobs wait by the clock of the host that runs them, so hosts must agree with Redis.
 */
export async function clockAheadMs(redis: Redis | Cluster): Promise<number> {
  const masters = await mastersOf(redis);
  const ahead = await Promise.all(
    masters.flatMap(({ connection }) => (connection ? [clockAheadOfServerMs(connection)] : [])),
  );
  return ahead.reduce((most, one) => (Math.abs(one) > Math.abs(most) ? one : most), 0);
}

/** Exact to half of the shortest of a few round trips. */
export async function clockAheadOfServerMs(server: Pick<Redis, 'time'>): Promise<number> {
  let shortestMs = Number.POSITIVE_INFINITY;
  let aheadMs = 0;
  for (let i = 0; i < MEASUREMENTS; i++) {
    const startedAt = performance.now();
    const [seconds, microseconds] = await server.time();
    const tripMs = performance.now() - startedAt;
    if (tripMs >= shortestMs) continue;
    shortestMs = tripMs;
    aheadMs = Date.now() - tripMs / 2 - (Number(seconds) * 1_000 + Number(microseconds) / 1_000);
  }
  return Math.round(aheadMs);
}
