import { Worker } from 'bullmq';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { announceProcess, type LiveProcess } from '../deployment/live-processes.ts';
import { defineJob } from '../queue/job.ts';
import { openQueue } from '../queue/queues.ts';
import { connectRedis } from '../redis/connect.ts';
import { isOlderLive, isServedBy, isStreamServed } from './stream-serving.ts';

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

it.each<[string, readonly LiveProcess[], number, boolean | undefined]>([
  ['a gateway and a worker of this version or a newer one', [gateway, worker, node], 2, true],
  ['a node alone', [node], 1, true],
  ['a worker that is not connected to its queue yet', [gateway, worker], 0, true],
  ['no worker', [gateway], 0, false],
  ['no process', [], 0, false],
  ['an older worker beside a newer one', [gateway, worker, live('old', ['worker'], 1)], 2, false],
  ['an older gateway', [gateway, worker, live('old', ['gateway'], 1)], 1, false],
  ['a worker that writes no heartbeat', [gateway, worker], 2, false],
  ['a worker that shuts down and has closed its queues', [gateway, closing], 0, true],
  [
    'what served it before, while a worker shuts down or one without heartbeat is there',
    [gateway, closing],
    1,
    undefined,
  ],
  ['a worker without heartbeat beside one that shuts down', [gateway, closing], 2, false],
  ['a worker beside one that has shut down', [gateway, worker, closing], 1, true],
])('the stream is served by %s: %#', (_, processes, connectedWorkers, expected) => {
  expect(isServedBy(processes, connectedWorkers)).toBe(expected);
});

it('a worker of a version without heartbeats is found by its connection', async () => {
  const NoteJob = defineJob<{ readonly from: string }>({
    ...{ queue: 'notes', description: 'For this test.', fields: { from: 'string' }, attempts: 1, keep: { count: 10 } },
  });
  const { queue } = openQueue(NoteJob, server.redis);
  const settings = { redisUrl: server.url, redisPrefix: 'wx' };
  const open = async () => {
    const connection = connectRedis(settings, 'blocking', 'worker-notes');
    const opened = new Worker('notes', async () => {}, {
      connection,
      prefix: connection.keyspace.queuePrefix('notes'),
      drainDelay: 1,
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
  await announceProcess(server.redis, live('old', ['gateway'], 0));
  expect(await isOlderLive(server.redis, queue)).toBe(true);
  await workers[0]!.opened.close();
  workers[0]!.connection.disconnect();
  await queue.close();
});
