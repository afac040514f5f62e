import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { type OpenQueue, openQueue } from '../queue/queues.ts';
import { LaneJob } from './lane-job.ts';
import type { LaneOwner } from './lane-store.ts';
import { Lanes } from './lanes.ts';

let server: TestRedis;
let queue: OpenQueue<LaneOwner>;
let lanes: Lanes;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  queue = openQueue(LaneJob, server.redis);
  lanes = new Lanes(server.redis, queue);
});

const [first, second] = ['wxa', 'wxb'].map((appid) => ({ component: 'wxc', appid })) as [LaneOwner, LaneOwner];
const waiting = async () => (await queue.queue.getWaiting()).map(({ data }) => data as LaneOwner);

it('a lane has one job, however often it is woken', async () => {
  await Promise.all([lanes.wake(first), lanes.wake(second), lanes.wake(first)]);
  expect(await waiting()).toHaveLength(2);
});

it('a lane that was marked is found, whoever lost its job', async () => {
  await lanes.mark(first);
  await lanes.wakeDue('wxc');
  expect(await waiting()).toEqual([]);
  // Its time has come.
  await server.redis.zadd('wx:{wxc:lanes}:set', 1, first.appid);
  await lanes.wakeDue('wxc');
  expect(await waiting()).toEqual([first]);
  // It is found again, should this job get lost, too; but not at once.
  await queue.queue.drain();
  await lanes.wakeDue('wxc');
  expect(await waiting()).toEqual([]);
  expect(await server.redis.zscore('wx:{wxc:lanes}:set', first.appid)).not.toBeNull();
});

it('a lane that sleeps is woken at its time, and a mark does not disturb it', async () => {
  await lanes.sleep(first, 300);
  await lanes.sleep(second, 60_000);
  await lanes.mark(second);
  await until('the first wakes', async () => {
    await lanes.wakeDue('wxc');
    return (await waiting()).length > 0;
  });
  expect(await waiting()).toEqual([first]);
});

it('a lane without a backlog is forgotten', async () => {
  await lanes.sleep(first, 0);
  await lanes.forget(first);
  await lanes.wakeDue('wxc');
  expect(await waiting()).toEqual([]);
});
