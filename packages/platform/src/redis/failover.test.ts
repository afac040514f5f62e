import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RedisProcess } from '../../test/redis-process.ts';
import { startSentinels, type TestSentinels } from '../../test/sentinels.ts';
import { until } from '../../test/until.ts';
import { type RedisClient, untilConnected } from './connect.ts';
import { RedisConnections } from './connections.ts';

let servers: TestSentinels;
let connections: RedisConnections;
let blocking: RedisClient;
let failFast: RedisClient;
let subscriber: RedisClient;
/** As BullMQ makes it. */
let waiting: RedisClient;
const received: string[] = [];

beforeAll(async () => {
  servers = await startSentinels();
  connections = new RedisConnections({ redisUrl: servers.url, redisPrefix: 'wx' });
  blocking = connections.open('blocking', 'work');
  failFast = connections.open('fail-fast', 'gateway');
  waiting = connections.open('waiting', 'jobs');
  subscriber = connections.openSubscriber('hints');
  await Promise.all([blocking, failFast, waiting, subscriber].map((redis) => untilConnected(redis, 120_000)));
  const onMessage = (_channel: string, message: string) => received.push(message);
  subscriber.on('message', onMessage);
  await subscriber.subscribe('news');
});
afterAll(async () => {
  for (const redis of [blocking, failFast, waiting, subscriber]) redis.disconnect();
  connections.close();
  await servers.stop();
});

/** Every kind of connection works with this server. */
async function untilAllReach(primary: RedisProcess): Promise<void> {
  const direct = primary.connect();
  try {
    await until('the fail-fast connection writes to the new primary', async () => {
      await failFast.set('written', String(primary.port)).catch(() => {});
      return (await direct.get('written').catch(() => null)) === String(primary.port);
    });
    await blocking.set('written-by-work', String(primary.port));
    expect(await direct.get('written-by-work')).toBe(String(primary.port));
    await until('the subscriber receives what is published there', async () => {
      await direct.publish('news', String(primary.port));
      return received.includes(String(primary.port));
    });
    const popped = waiting.blpop('jobs', 0);
    await direct.rpush('jobs', String(primary.port));
    expect(await popped).toEqual(['jobs', String(primary.port)]);
  } finally {
    direct.disconnect();
  }
}

it('a planned switch is followed, also while a Sentinel is frozen', async () => {
  const former = await servers.primary();
  const [frozen, ...others] = servers.sentinels;
  frozen!.freeze();
  try {
    await servers.failOver(others[0]!);
    const primary = await servers.switchedFrom(former, others);
    await untilAllReach(primary);
  } finally {
    frozen!.thaw();
  }
});

it('a frozen primary is replaced for all connections of the process, and receives no write when it is resumed', async () => {
  const former = await servers.primary();
  await untilAllReach(former);
  const popped = waiting.blpop('later', 0);
  former.freeze();
  const written = blocking.set('in-flight', '1');
  const primary = await servers.switchedFrom(former);
  await written;
  await primary.call('RPUSH', 'later', 'x');
  expect(await popped).toEqual(['later', 'x']);
  await untilAllReach(primary);
  former.thaw();
  await untilAllReach(primary);
  // Unless the Sentinels have made it a replica by now, which copies the new primary.
  const both = "return { redis.call('INFO', 'replication'), redis.call('GET', 'written') }";
  const [replication, kept] = (await former.call('EVAL', both, 0)) as [string, string];
  expect(replication.includes('role:slave') ? former.port : Number(kept)).toBe(former.port);
});
