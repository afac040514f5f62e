import { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../test/redis-cluster.ts';
import type { RedisProcess } from '../../test/redis-process.ts';
import { until } from '../../test/until.ts';
import { type RedisClient, untilConnected } from './connect.ts';
import { assertUsable, describeServers } from './describe-servers.ts';
import { readServers } from './read-servers.ts';
import { redisTimeMs } from './redis-time.ts';
import { defineScript } from './script.ts';
import { sendTogether } from './send-together.ts';
import { readFullestMemory, readServerState } from './server-state.ts';
import { mastersOf, pingMasters, scanAll, serverOf } from './servers.ts';
import { SlotRefresher } from './slot-refresher.ts';

let cluster: TestCluster;
let redis: RedisClient;
let masters: readonly RedisProcess[];
/** One for each master. */
let keys: readonly string[];

beforeAll(async () => {
  cluster = await startCluster({ failsOver: false });
  redis = cluster.connect();
  await untilConnected(redis, 60_000);
  masters = cluster.servers.slice(0, 3);
  const byMaster = new Map<RedisProcess, string>();
  for (let i = 0; byMaster.size < masters.length; i++)
    byMaster.set(await cluster.masterOf(`wx:{${i}}:key`), `wx:{${i}}:key`);
  keys = masters.map((master) => byMaster.get(master)!);
});
afterAll(async () => {
  redis?.disconnect();
  await cluster?.stop();
});

const addresses = (servers: readonly RedisProcess[]) => servers.map(({ address }) => address);

it('every master is asked: by ping, scan, memory and description', async () => {
  expect((await mastersOf(redis)).map(({ address }) => address).toSorted()).toEqual(addresses(masters).toSorted());
  expect((await pingMasters(redis, 60_000)).answering.toSorted()).toEqual(addresses(masters).toSorted());

  const replies = await sendTogether(redis, [...keys.map((key) => ['set', key, 'x'] as const), ['incr', keys[0]!]]);
  expect(replies).toEqual(['OK', 'OK', 'OK', expect.any(Error)]);
  const found: string[] = [];
  for await (const some of scanAll(redis, 'wx:*', 10)) found.push(...some);
  expect(new Set(found)).toEqual(new Set(keys));

  await masters[2]!.call('CONFIG', 'SET', 'maxmemory', '40mb');
  const { max } = await readFullestMemory(redis);
  expect(max).toBe(40 * 1024 * 1024);
  await masters[2]!.call('CONFIG', 'SET', 'maxmemory', '0');

  await assertUsable(redis, 0);
  const { kind, servers } = await describeServers(redis);
  expect(kind).toBe('cluster');
  expect(servers.map(({ replicas, minReplicasToWrite }) => [replicas, minReplicasToWrite])).toEqual([
    [1, 0],
    [1, 0],
    [1, 0],
  ]);
});

it('what belongs to a key is asked of the server that has the key', async () => {
  for (const [i, key] of keys.entries()) {
    const { options } = serverOf(redis, key);
    expect(`${options.host}:${options.port}`).toBe(masters[i]!.address);
    expect(await redisTimeMs(redis, key)).toBeGreaterThan(0);
    expect(await readServerState(redis, key)).toMatchObject({ usedMemoryShare: expect.any(Number) });
  }
});

it('a batch of one script has keys of several servers', async () => {
  const add = defineScript({
    keys: ['key'],
    args: ['number'],
    lua: `return redis.call('INCRBY', key, number)`,
    decode: (sum: number) => sum,
  });
  const counters = keys.map((key) => `${key}:counter`);
  expect(
    await add.batch(
      redis,
      counters.map((key, i) => [{ key }, { number: i }] as const),
    ),
  ).toEqual([0, 1, 2]);
});

it('a master that does not answer is missing, while the others answer', async () => {
  const [frozen, ...others] = masters as [RedisProcess, ...RedisProcess[]];
  frozen.freeze();
  try {
    await until('one is missing', async () => {
      const { answering, missing } = await pingMasters(redis);
      return missing.join() === frozen.address && answering.toSorted().join() === addresses(others).toSorted().join();
    });
    await until('it alone is down for operators', async () => {
      const { kind, servers } = await readServers(redis);
      const primaries = servers.filter(({ role }) => role === 'primary');
      expect({ kind, primaries: primaries.length }).toEqual({ kind: 'cluster', primaries: masters.length });
      return (
        primaries
          .filter(({ up }) => !up)
          .map(({ address }) => address)
          .join() === frozen.address
      );
    });
  } finally {
    frozen.thaw();
  }
  await until('all answer again', async () => (await pingMasters(redis)).answering.length === masters.length);
});

it('a read that waits at a master that froze ends, and continues at its successor', async () => {
  // Without time limits of its own, as a connection that waits for jobs is for many seconds.
  const frozen = masters.at(-1)!;
  const key = keys.at(-1)!;
  const waiting = new Cluster(
    masters.map(({ port }) => ({ host: '127.0.0.1', port })),
    {
      maxRedirections: 1_000_000,
      redisOptions: { maxRetriesPerRequest: null, connectTimeout: 1_500 },
    },
  );
  waiting.on('error', () => {});
  const refresher = new SlotRefresher();
  refresher.add(waiting);
  try {
    await untilConnected(waiting, 60_000);
    const list = `${key}:list`;
    const read = waiting.blpop(list, 0);
    await until('it waits', async () => /cmd=blpop/.test(String(await frozen.call('CLIENT', 'LIST'))));
    await cluster.permitFailover();
    frozen.freeze();
    const successor = await cluster.switchedFrom(frozen, key);
    await successor.call('RPUSH', list, 'job');
    expect(await read).toEqual([list, 'job']);
  } finally {
    refresher.close();
    waiting.disconnect();
    frozen.thaw();
  }
});
