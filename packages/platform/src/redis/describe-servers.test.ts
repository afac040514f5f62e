import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { assertUsable, describeServers, isTooOld } from './describe-servers.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('one server is described by what the log needs at the start', async () => {
  await server.redis.config('SET', 'min-replicas-to-write', '1', 'maxmemory-policy', 'allkeys-lru');
  try {
    expect(await describeServers(server.redis)).toEqual({
      kind: 'standalone',
      servers: [
        {
          address: new URL(server.url).host,
          version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
          mode: 'standalone',
          isReplica: false,
          replicas: 0,
          minReplicasToWrite: 1,
          maxmemoryPolicy: 'allkeys-lru',
          appendOnly: false,
        },
      ],
    });
  } finally {
    await server.redis.config('SET', 'min-replicas-to-write', '0', 'maxmemory-policy', 'noeviction');
  }
});

it('a replica cannot be used, unless it becomes the primary in time', async () => {
  await assertUsable(server.redis, 0);
  await server.redis.call('REPLICAOF', '127.0.0.1', '1');
  await expect(assertUsable(server.redis, 0)).rejects.toMatchObject({ code: 'redis_is_replica', remedy: 'operator' });
  const usable = assertUsable(server.redis, 60_000);
  await server.redis.call('REPLICAOF', 'NO', 'ONE');
  await usable;
});

it.each([
  ['5.0.14', true],
  ['6.0.20', true],
  ['6.2.0', false],
  ['7.0.15', false],
  ['10.0.0', false],
])('version %s is too old: %s', (version, isOld) => {
  expect(isTooOld(version)).toBe(isOld);
});
