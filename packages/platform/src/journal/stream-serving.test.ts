import { Worker } from 'bullmq';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { announceProcess, type LiveProcess } from '../deployment/live-processes.ts';
import { defineJob } from '../queue/job.ts';
import { openQueue } from '../queue/queues.ts';
import { connectRedis } from '../redis/connect.ts';
import { isOlderLive, isOlderRemaining, isServedBy, isStreamAppended, isStreamServed } from './stream-serving.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
beforeEach(() => server.redis.flushall());
afterAll(() => server.stop());

const gateway = live('g', ['gateway'], 2);
const worker = live('w', ['worker'], 2);
const node = live('n', ['gateway', 'worker'], 3);

function live(id: string, roles: LiveProcess['roles'], format: number): LiveProcess {
  return { id, roles, format, version: '0.1.0', schemaVersion: 8, startedAt: 1_700_000_000_000 };
}

const closing = { ...live('c', ['worker'], 2), closing: true };

const named = live('named', ['worker'], 3);

it.each<[string, readonly LiveProcess[], number, boolean | undefined]>([
  ['a gateway and a worker of this version, one of the version before', [gateway, worker, node], 1, true],
  ['a node alone', [node], 0, true],
  ['a worker that is not connected to its queue yet', [gateway, worker], 0, true],
  ['no worker', [gateway], 0, false],
  ['no process', [], 0, false],
  ['an older worker beside a newer one', [gateway, worker, live('old', ['worker'], 1)], 2, false],
  ['an older gateway', [gateway, worker, live('old', ['gateway'], 1)], 1, false],
  ['a worker that writes no heartbeat', [gateway, worker], 2, false],
  ['a worker that writes no heartbeat beside one with a name', [gateway, named], 1, false],
  ['the same while the one with a name shuts down', [gateway, { ...named, closing: true }], 1, false],
  ['a worker that shuts down and has closed its queues', [gateway, closing], 0, true],
  [
    'what served it before, while a worker without name shuts down or one without heartbeat is there',
    [gateway, closing],
    1,
    undefined,
  ],
  ['a worker without heartbeat beside one that shuts down', [gateway, closing], 2, false],
  ['a worker beside one that has shut down', [gateway, worker, closing], 1, true],
])('the stream is served by %s: %#', (_, processes, unnamedWorkers, expected) => {
  expect(isServedBy({ processes, unnamedWorkers })).toBe(expected);
});

it.each<[string, readonly LiveProcess[], boolean | undefined]>([
  ['no gateway', [named], false],
  ['a gateway that does not append', [{ ...node, appendsPushes: false }, worker], false],
  ['a gateway that appends', [node, { ...live('a', ['gateway'], 3), appendsPushes: true }], true],
  ['a gateway that does not report it', [node, gateway], undefined],
  ['a gateway without the stream', [node, live('old', ['gateway'], 1)], false],
])('gateways append to the stream: %s', async (_, processes, expected) => {
  for (const process of processes) await announceProcess(server.redis, process);
  expect(await isStreamAppended(server.redis)).toBe(expected);
});

it('a worker of a version without heartbeats is found by its connection', async () => {
  const NoteJob = defineJob<{ readonly from: string }>({
    ...{ queue: 'notes', description: 'For this test.', fields: { from: 'string' }, attempts: 1, keep: { count: 10 } },
  });
  const { queue } = openQueue(NoteJob, server.redis);
  const settings = { redisUrl: server.url, redisPrefix: 'wx' };
  const open = async (name?: string) => {
    const connection = connectRedis(settings, 'blocking', 'worker-notes');
    const opened = new Worker('notes', async () => {}, {
      connection,
      prefix: connection.keyspace.queuePrefix('notes'),
      drainDelay: 1,
      ...(name ? { name } : {}),
    });
    await opened.waitUntilReady();
    return { connection, opened };
  };
  await announceProcess(server.redis, gateway);
  await announceProcess(server.redis, worker);
  const workers = [await open()];
  await expect.poll(() => queue.getWorkers()).toHaveLength(1);
  expect(await isStreamServed(server.redis, queue)).toBe(true);
  workers.push(await open());
  await expect.poll(() => isStreamServed(server.redis, queue)).toBe(false);
  expect(await isOlderLive(server.redis, queue)).toBe(true);
  await workers[1]!.opened.close();
  workers[1]!.connection.disconnect();
  await expect.poll(() => isStreamServed(server.redis, queue)).toBe(true);
  expect(await isOlderLive(server.redis, queue)).toBe(false);
  await announceProcess(server.redis, { ...named, closing: true });
  workers.push(await open(named.id));
  await expect.poll(() => queue.getWorkers()).toHaveLength(2);
  expect(await isStreamServed(server.redis, queue)).toBe(true);
  expect(await isOlderRemaining(server.redis, queue)).toBe(false);
  await announceProcess(server.redis, live('old', ['gateway'], 0));
  expect(await isOlderLive(server.redis, queue)).toBe(true);
  for (const { opened, connection } of [workers[0]!, workers[2]!]) {
    await opened.close();
    connection.disconnect();
  }
  await queue.close();
});
