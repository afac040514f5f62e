import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { defineScript } from '../redis/script.ts';
import { claimScheduledRun, NEXT_NIGHT } from './reconcile-schedule.ts';

const HOUR_MS = 3_600_000;
const KEY = 'wx:{wxc:wxc}:reconcile';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const claim = (why: Parameters<typeof claimScheduledRun>[2]) => claimScheduledRun(server.redis, 'wxc', why);
const lastWas = (agoMs: number) => server.redis.hset(KEY, 'lastAt', Date.now() - agoMs);

it('is due where Redis has no schedule, and then one process claims it', async () => {
  const claims = await Promise.all(Array.from({ length: 20 }, () => claim('due')));
  expect(claims.filter((mine) => mine)).toHaveLength(1);
  expect(await claimScheduledRun(server.redis, 'wxd', 'due')).toBe(true);
});

it.each([
  ['2026-11-22T16:00:00.000Z', '2026-11-23T18:00:00.000Z'], // 00:00 in Beijing
  ['2026-11-22T18:00:00.000Z', '2026-11-23T18:00:00.000Z'], // 02:00, in the night itself
  ['2026-11-22T20:59:59.999Z', '2026-11-23T18:00:00.000Z'],
  ['2026-11-23T07:00:00.000Z', '2026-11-23T18:00:00.000Z'], // 15:00
  ['2026-11-23T15:59:59.999Z', '2026-11-23T18:00:00.000Z'], // right before midnight
  ['2026-12-31T12:00:00.000Z', '2026-12-31T18:00:00.000Z'],
])('at %s the next night starts at %s', async (now, starts) => {
  const nextNight = defineScript({
    uses: [NEXT_NIGHT],
    keys: [],
    args: ['at', 'share'],
    lua: `return string.format('%.0f', next_night(tonumber(at), tonumber(share)))`,
    decode: Number,
  });
  const at = (share: number) => nextNight.run(server.redis, {}, { at: Date.parse(now), share });
  expect(new Date(await at(0)).toISOString()).toBe(starts);
  expect(await at(1)).toBe(Date.parse(starts) + 3 * HOUR_MS);
});

it('comes back in a night of Beijing', async () => {
  for (let i = 0; i < 50; i++) {
    await server.redis.flushall();
    const before = Date.now();
    await claim('due');
    const after = Date.now();
    const nextAt = Number(await server.redis.hget(KEY, 'nextAt'));
    expect(nextAt).toBeGreaterThanOrEqual(before + 2 * HOUR_MS);
    expect(nextAt).toBeLessThanOrEqual(after + 29 * HOUR_MS);
    const hour = new Date(nextAt + 8 * HOUR_MS).getUTCHours();
    expect([2, 3, 4]).toContain(hour);
  }
  expect(await claim('due')).toBe(false);
  await server.redis.hset(KEY, 'nextAt', Date.now() - 1);
  expect(await claim('due')).toBe(true);
});

it('is taken at a start unless another process has just started', async () => {
  await claim('due');
  expect(await claim('start')).toBe(false);
  await lastWas(11 * 60_000);
  expect(await claim('start')).toBe(true);
});

it('is taken for the first refused token of an hour, whatever ran before, and the night stays what it is', async () => {
  await claim('due');
  const nextAt = await server.redis.hget(KEY, 'nextAt');
  expect(await claim('refused')).toBe(true);
  expect(await claim('refused')).toBe(false);
  await server.redis.hset(KEY, 'refusedAt', Date.now() - HOUR_MS);
  expect(await claim('refused')).toBe(true);
  expect(await server.redis.hget(KEY, 'nextAt')).toBe(nextAt);
  await server.redis.flushall();
  expect(await claim('refused')).toBe(true);
  expect(await claim('due')).toBe(true);
});
