import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { connectRedis, type RedisClient, untilConnected } from './connect.ts';
import { defineScript } from './script.ts';

let server: TestRedis;
let failFast: RedisClient;
const write = defineScript({ keys: ['key'], args: ['value'], lua: `redis.call('SET', key, value) return 1` });

beforeAll(async () => {
  server = await startRedis();
  failFast = connectRedis({ redisUrl: server.url, redisPrefix: 'wx' }, 'fail-fast', 'test');
  await untilConnected(failFast, 120_000);
});
afterAll(async () => {
  failFast.disconnect();
  await server.stop();
});

it('reports that Redis is full', async () => {
  await server.redis.config('SET', 'maxmemory', '1');
  const full = { code: 'overloaded', remedy: 'slow-down', retryAfterMs: 30_000 };
  try {
    await expect(failFast.set('a', 'b')).rejects.toMatchObject(full);
    await expect(write.run(failFast, { key: 'a' }, { value: 'b' })).rejects.toMatchObject(full);
  } finally {
    await server.redis.config('SET', 'maxmemory', '0');
  }
});

it('reports a primary without its replicas as an unreachable Redis', async () => {
  await server.redis.config('SET', 'min-replicas-to-write', '1');
  const away = { code: 'redis_unreachable', remedy: 'retry' };
  try {
    await expect(failFast.set('a', 'b')).rejects.toMatchObject(away);
    await expect(write.run(failFast, { key: 'a' }, { value: 'b' })).rejects.toMatchObject(away);
  } finally {
    await server.redis.config('SET', 'min-replicas-to-write', '0');
  }
});

it('reports a read-only Redis as an unreachable one', async () => {
  await server.redis.call('REPLICAOF', '127.0.0.1', '1');
  const away = { code: 'redis_unreachable', remedy: 'retry' };
  try {
    await expect(failFast.set('a', 'b')).rejects.toMatchObject(away);
    await expect(write.run(failFast, { key: 'a' }, { value: 'b' })).rejects.toMatchObject(away);
  } finally {
    await server.redis.call('REPLICAOF', 'NO', 'ONE');
  }
});

it('connects again after it has reached a replica, since the name may lead to another server now', async () => {
  await until('the connection works', () =>
    failFast.set('a', 'b').then(
      () => true,
      () => false,
    ),
  );
});

it('does not translate errors that Redis reports about the command itself', async () => {
  await server.redis.set('text', 'x');
  await expect(failFast.lpush('text', 'y')).rejects.toMatchObject({ name: 'ReplyError' });
});
