import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { claimReconcileTurn } from './reconcile-turn.ts';

const HOUR_MS = 3_600_000;
const KEY = 'wx:{wxc:wxc}:reconcile';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const claim = (why: Parameters<typeof claimReconcileTurn>[2]) => claimReconcileTurn(server.redis, 'wxc', why);
const lastWas = (agoMs: number) => server.redis.hset(KEY, 'lastAt', Date.now() - agoMs);

it('is due where Redis knows of no turn, and then one process has it', async () => {
  const claims = await Promise.all(Array.from({ length: 20 }, () => claim('due')));
  expect(claims.filter((mine) => mine)).toHaveLength(1);
  expect(await claimReconcileTurn(server.redis, 'wxd', 'due')).toBe(true);
});

it('comes back in a night of Beijing', async () => {
  for (let i = 0; i < 50; i++) {
    await server.redis.flushall();
    await claim('due');
    const nextAt = Number(await server.redis.hget(KEY, 'nextAt'));
    const inMs = nextAt - Date.now();
    expect(inMs).toBeGreaterThan(11 * HOUR_MS);
    expect(inMs).toBeLessThan(37 * HOUR_MS);
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
