import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startReplica } from '../../test/redis-replica.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { readServers } from './read-servers.ts';

let primary: TestRedis;
let replica: TestRedis;
beforeAll(async () => {
  primary = await startRedis();
  replica = await startReplica(primary);
});
afterAll(() => Promise.all([primary.stop(), replica.stop()]));

it('the primary is described with its replicas and the settings that decide what a failure loses', async () => {
  await primary.redis.config('SET', 'maxmemory', '100mb');
  expect(await readServers(primary.redis)).toEqual({
    kind: 'standalone',
    servers: [
      {
        address: `127.0.0.1:${primary.port}`,
        role: 'primary',
        up: true,
        memory: { used: expect.any(Number), max: 100 * 1024 * 1024 },
        replicas: 1,
        lagMs: null,
      },
      {
        address: `127.0.0.1:${replica.port}`,
        role: 'replica',
        up: true,
        memory: null,
        replicas: null,
        lagMs: expect.any(Number),
      },
    ],
    minReplicasToWrite: 0,
    evictionPolicy: 'noeviction',
    aof: false,
  });
});

it('a server that does not answer is not up, and nothing else is known of it', async () => {
  const away = new Redis({ host: '127.0.0.1', port: 1, lazyConnect: true, enableOfflineQueue: false });
  away.on('error', () => {});
  expect(await readServers(away)).toEqual({
    kind: 'standalone',
    servers: [{ address: '127.0.0.1:1', role: 'primary', up: false, memory: null, replicas: null, lagMs: null }],
    ...{ minReplicasToWrite: null, evictionPolicy: null, aof: null },
  });
  away.disconnect();
});
