import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Backpressure } from './backpressure.ts';
import type { CallRequest } from './call.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('counts the bodies that it accepted since it last read Redis', async () => {
  const used = Number(/^used_memory:(\d+)/m.exec(await server.redis.info('memory'))![1]);
  // Capacity for two of these below four fifths, and for three below all of it.
  const body = Buffer.alloc(8 * 1024 * 1024);
  await server.redis.config('SET', 'maxmemory', String(Math.floor((used + 2.9 * body.length) / 0.8)));
  const asked = vi.spyOn(server.redis, 'info');
  // What it has read does not expire, however busy the machine is.
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const room = new Backpressure(server.redis, { getJobCounts: async () => ({ waiting: 0 }) });
    const one = (waitMs: number) => [{ waitMs, body } as unknown as CallRequest];
    for (let i = 0; i < 2; i++) await room.assertCapacity(one(0), 0);
    await expect(room.assertCapacity(one(0), 0)).rejects.toMatchObject({ code: 'overloaded', remedy: 'slow-down' });
    await room.assertCapacity(one(30_000), 0);
    await expect(room.assertCapacity(one(30_000), 0)).rejects.toMatchObject({ code: 'overloaded' });
    expect(asked).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
    vi.restoreAllMocks();
  }
});
