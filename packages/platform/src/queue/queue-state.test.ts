import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { defineJob } from './job.ts';
import { readQueueState } from './queue-state.ts';
import { openQueue } from './queues.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const NoteJob = defineJob<{ readonly id: string }>({
  queue: 'notes',
  description: 'notes',
  fields: { id: 'string' },
  attempts: 1,
  keep: { count: 10 },
});

it('a queue has its jobs by state, and the age of the one that is next', async () => {
  const { queue, add } = openQueue(NoteJob, server.redis);
  const none = { waiting: 0, active: 0, delayed: 0, failed: 0, oldestMs: null };
  expect(await readQueueState(queue)).toEqual(none);
  await add({ id: 'first' });
  const [first] = await queue.getJobs(['waiting']);
  await add({ id: 'second' });
  await add({ id: 'later' }, 60_000);
  const now = first!.timestamp + 5_000;
  expect(await readQueueState(queue, now)).toEqual({ ...none, waiting: 2, delayed: 1, oldestMs: 5_000 });
  await first!.remove();
  const [second] = await queue.getJobs(['waiting']);
  expect(await readQueueState(queue, second!.timestamp + 7)).toMatchObject({ waiting: 1, oldestMs: 7 });
  await queue.close();
});
