import { Worker } from 'bullmq';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { defineJob } from '../queue/job.ts';
import { openQueue } from '../queue/queues.ts';
import { connectRedis, type RedisClient } from './connect.ts';
import { Hints } from './hints.ts';
import { isRedisPrefix, keyspaceOf } from './keys.ts';
import { openLeases } from './lease.ts';

let server: TestRedis;
const clients: RedisClient[] = [];
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await server.stop();
});

function client(prefix: string): RedisClient {
  const opened = server.connect(prefix);
  clients.push(opened);
  return opened;
}

const NoteJob = defineJob<{ readonly from: string }>({
  queue: 'notes',
  description: 'For this test.',
  fields: { from: 'string' },
  idOf: () => 'one-id',
  attempts: 1,
  keep: { count: 10 },
});

it('the default prefix gives the names that deployments have used so far', () => {
  const names = keyspaceOf('wx');
  expect(names.token('wxc', 'wxa', 'authorizer')).toBe('wx:{wxc:wxa}:token:authorizer');
  expect(names.due('wxc')).toBe('wx:{wxc:due}:set');
  expect(names.keyRate('k1')).toBe('wx:{key:k1}:rate');
  expect(names.channels.replies('g')).toBe('wx:replies:g');
  expect(names.patterns.callBodies[0]).toBe('wx:{*}:call:*:request');
  expect(names.queuePrefix('calls')).toBe('{wx:calls}');
});

it('a prefix is short and has no character that means something in a key or a pattern', () => {
  for (const good of ['wx', 'a', 'shop-2_B', 'x'.repeat(24)]) expect(isRedisPrefix(good), good).toBe(true);
  for (const bad of ['', 'a:b', '{a}', 'a*', 'a b', 'ä', 'a\n', 'x'.repeat(25)]) {
    expect(isRedisPrefix(bad), bad).toBe(false);
    expect(() => keyspaceOf(bad)).toThrow('REDIS_PREFIX');
  }
});

it('every name that one deployment uses starts with its prefix', () => {
  const named = (value: unknown): string[] => {
    if (typeof value === 'string') return [value];
    if (typeof value === 'function') return [String(value('a', 'b', 'c'))];
    if (value && typeof value === 'object') return Object.values(value).flatMap(named);
    return [];
  };
  const names = named(keyspaceOf('shop'));
  expect(names.length).toBeGreaterThan(25);
  for (const name of names) expect(name).toMatch(/^(shop(:|$)|\{shop:)/);
});

it('two deployments of one Redis database do not see each other: jobs, leases, announcements', async () => {
  const [one, two] = [client('one'), client('two')];
  const queues = [one, two].map((redis) => openQueue(NoteJob, redis));
  const seen: string[] = [];
  const forWorkers = connectRedis({ redisUrl: server.url, redisPrefix: 'two' }, 'blocking', 'worker');
  clients.push(forWorkers);
  const worker = new Worker(NoteJob.queue, async (job) => void seen.push(job.data.from), {
    connection: forWorkers,
    prefix: two.keyspace.queuePrefix(NoteJob.queue),
  });
  try {
    await Promise.all(queues.map(({ add }, i) => add({ from: ['one', 'two'][i]! })));
    await until('the job of the second was done', () => seen.length > 0);
    expect(seen).toEqual(['two']);
    expect(await queues[0]!.queue.getWaitingCount()).toBe(1);
  } finally {
    await worker.close();
  }

  const lease = ({ keyspace }: RedisClient) => keyspace.lease('wxc', 'wxa', 'authorizer');
  const leases = await Promise.all([one, two].map((redis) => openLeases(redis).take(lease(redis), 60_000)));
  expect(leases).not.toContain('held');
  expect(await openLeases(two).take(lease(two), 60_000)).toBe('held');
  for (const held of leases) if (held !== 'held') await held.release();

  const hints = new Hints(client('two'));
  const received: string[] = [];
  hints.on(hints.channels.tokens, (message) => received.push(message));
  await until('it listens', async () => Number((await two.pubsub('NUMSUB', two.keyspace.channels.tokens))[1]) === 1);
  await one.publish(one.keyspace.channels.tokens, 'of the first');
  await two.publish(two.keyspace.channels.tokens, 'of the second');
  await until('the hint arrived', () => received.length > 0);
  expect(received).toEqual(['of the second']);
});
