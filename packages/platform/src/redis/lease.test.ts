import { afterAll, beforeAll, expect, it, vi } from 'vitest';
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
  // Its end is minutes away, also for a busy machine; only the timer that extends it is ahead.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const lease = taken(await leases.take('long', 600_000));
    for (let time = 0; time < 3; time++) {
      await server.redis.pexpire('long', 400_000);
      vi.advanceTimersByTime(200_000);
      await extended('long', 500_000);
      expect(lease.alive()).toBe(true);
      expect(await server.redis.get('long')).toBe(lease.value);
    }
    await lease.release();
  } finally {
    vi.useRealTimers();
  }
  expect(await server.redis.exists('long')).toBe(0);
});

/** Without a timer, since those are not real. */
async function extended(key: string, beyondMs: number): Promise<void> {
  for (let asked = 0; (await server.redis.pttl(key)) < beyondMs; asked++) {
    if (asked > 10_000) throw new Error('It is not extended.');
  }
}

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
