import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { type Lease, openLeases } from './lease.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const taken = (lease: Lease | 'held'): Lease => {
  if (lease === 'held') throw new Error('held');
  return lease;
};

it('is held by exactly one of many', async () => {
  const leases = openLeases(server.redis);
  const all = await Promise.all(Array.from({ length: 20 }, () => leases.take('one', 5_000)));
  const held = all.filter((lease) => lease !== 'held');
  expect(held).toHaveLength(1);
  await held[0]?.release();
  await taken(await leases.take('one', 5_000)).release();
});

it('is extended for as long as it is held', async () => {
  const leases = openLeases(server.redis);
  // Long enough for a busy machine to extend it in time.
  const lease = taken(await leases.take('long', 1_000));
  const startedAt = performance.now();
  await until('twice its length has passed', async () => {
    expect(lease.alive()).toBe(true);
    expect(await server.redis.get('long')).toBe(lease.value);
    return performance.now() - startedAt > 2_000;
  });
  await lease.release();
  expect(await server.redis.exists('long')).toBe(0);
});

it('is no longer alive once another holds it', async () => {
  const leases = openLeases(server.redis);
  const lease = taken(await leases.take('stolen', 300));
  await server.redis.set('stolen', 'another process');
  await until('noticed', () => !lease.alive());
  await lease.release();
  expect(await server.redis.get('stolen')).toBe('another process');
});

it('passes on an error of Redis instead of reporting the lease as held', async () => {
  const other = openLeases({
    evalsha: () => Promise.reject(new Error('LOADING Redis is loading')),
    eval: () => Promise.reject(new Error('LOADING Redis is loading')),
  } as never);
  await expect(other.take('any', 1_000)).rejects.toThrow('LOADING');
});
