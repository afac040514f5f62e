import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { clockAheadMs, redisTimeMs } from './redis-time.ts';
import { readFullestMemory, readServerState } from './server-state.ts';
import { mastersOf, pingMasters, scanAll, serverOf } from './servers.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('one server is the only master, and has every key', async () => {
  const { redis, url } = server;
  const address = new URL(url).host;
  expect(await mastersOf(redis)).toEqual([{ address, connection: redis }]);
  expect(serverOf(redis, 'any')).toBe(redis);
  expect(await pingMasters(redis)).toEqual({ answering: [address], missing: [] });
  expect(await readServerState(redis, 'any')).toEqual({ usedMemoryShare: expect.any(Number) });
  expect(await readFullestMemory(redis)).toMatchObject({ used: expect.any(Number), max: expect.any(Number) });
});

it('a server that does not answer in time is missing', async () => {
  const other = await startRedis();
  const address = new URL(other.url).host;
  await other.redis.call('CLIENT', 'PAUSE', '60000', 'ALL');
  expect(await pingMasters(other.redis, 50)).toEqual({ answering: [], missing: [address] });
  await other.stop();
  expect(await pingMasters(other.redis, 50)).toMatchObject({ answering: [] });
});

it('a scan finds every key that matches', async () => {
  const { redis } = server;
  await Promise.all(Array.from({ length: 300 }, (_, i) => redis.set(`scanned:${i}`, i)));
  await redis.set('other', '1');
  const found = new Set<string>();
  for await (const keys of scanAll(redis, 'scanned:*', 50)) for (const key of keys) found.add(key);
  expect(found.size).toBe(300);
});

it('the time of a key is the time that scripts read', async () => {
  const [seconds = 0] = await server.redis.time();
  const time = await redisTimeMs(server.redis, 'any');
  expect(time).toBeGreaterThanOrEqual(seconds * 1_000);
  expect(Number.isInteger(time)).toBe(true);
  // Both are on this host.
  expect(Math.abs(await clockAheadMs(server.redis))).toBeLessThan(60_000);
});
