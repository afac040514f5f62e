import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startReplica, type TestReplica } from '../../test/redis-replica.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { Events } from '../events.ts';
import type { RedisClient } from '../redis/connect.ts';
import { ReplicaWatch } from './replica-watch.ts';

let primary: TestRedis;
let replica: TestReplica;
let redis: RedisClient;
beforeAll(async () => {
  primary = await startRedis();
  replica = await startReplica(primary);
  redis = primary.connect();
  redis.on('error', () => {});
});
afterAll(async () => {
  redis.disconnect();
  await replica.stop();
  await primary.stop();
});

let watch: ReplicaWatch;
let unconfirmed: number;
beforeEach(async () => {
  // The primary itself must not refuse anything here.
  await primary.redis.config('SET', 'min-replicas-to-write', '1', 'min-replicas-max-lag', '3600');
  const events = new Events();
  unconfirmed = 0;
  events.subscribe('redis', ({ what }) => {
    if (what === 'wait_unacked') unconfirmed++;
  });
  watch = new ReplicaWatch(redis, events);
  return () => watch.close();
});

/** Each call starts a check, if one is due. */
function refusal(): unknown {
  try {
    watch.refuseUnreplicated('wxc', 'wxa');
    return undefined;
  } catch (error) {
    return error;
  }
}

it('refuses what no replica receives, once that has lasted, until one receives it again', async () => {
  expect(refusal()).toBeUndefined();
  replica.freeze();
  try {
    await until('it refuses', () => refusal() !== undefined);
    expect(refusal()).toMatchObject({ code: 'redis_unreachable', remedy: 'retry', retryAfterMs: 1_000 });
    // Once, however long it lasts.
    expect(unconfirmed).toBe(1);
  } finally {
    replica.thaw();
  }
  await until('it refuses nothing', () => refusal() === undefined);
});

it('refuses nothing where the operator does not require a replica', async () => {
  await primary.redis.config('SET', 'min-replicas-to-write', '0');
  replica.freeze();
  try {
    const since = performance.now();
    await until('it has seen that for a long time', () => {
      expect(refusal()).toBeUndefined();
      return unconfirmed > 0 && performance.now() - since > 1_000;
    });
  } finally {
    replica.thaw();
  }
});

it('refuses nothing without a replica', async () => {
  const alone = await startRedis();
  const connection = alone.connect();
  const other = new ReplicaWatch(connection, new Events());
  try {
    await until('a check has ended', async () => {
      other.refuseUnreplicated('wxc', 'wxa');
      return (await connection.exists(connection.keyspace.replicaMark('wxc', 'wxa'))) === 1;
    });
    other.refuseUnreplicated('wxc', 'wxa');
  } finally {
    other.close();
    connection.disconnect();
    await alone.stop();
  }
});
