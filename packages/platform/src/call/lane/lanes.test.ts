import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { until } from '../../../test/until.ts';
import { announceProcess, forgetProcess } from '../../deployment/live-processes.ts';
import { type OpenQueue, openQueue } from '../../queue/queues.ts';
import { Seals } from '../../sealing/seals.ts';
import { newCallId } from '../call-id.ts';
import { CallStore } from '../call-store.ts';
import { LaneJob } from './lane-job.ts';
import type { LaneOwner } from './lane-owner.ts';
import { LaneStore } from './lane-store.ts';
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

it('a lane that was marked is found if its job is lost', async () => {
  const lane = 'wx:{wxc:lanes}:set2';
  const isFoundAt = (at: number) => server.redis.zadd(lane, at, first.appid);
  const foundAt = async () => Number(await server.redis.zscore(lane, first.appid));
  let before = Date.now();
  await lanes.mark(first, 'current');
  expect(await foundAt()).toBeGreaterThan(before);
  await isFoundAt(before + 3_600_000);
  await lanes.wakeDue('wxc');
  expect(await waiting()).toEqual([]);
  await isFoundAt(1);
  before = Date.now();
  await lanes.wakeDue('wxc');
  expect(await waiting()).toEqual([first]);
  // It is found again if this job is lost, too, but not at once.
  expect(await foundAt()).toBeGreaterThan(before);
});

it('a lane that sleeps is woken at its time, and a mark does not disturb it', async () => {
  await lanes.sleep(first, 300, 'current');
  await lanes.sleep(second, 60_000, 'current');
  await lanes.mark(second, 'current');
  await until('the first wakes', async () => {
    await lanes.wakeDue('wxc');
    return (await waiting()).length > 0;
  });
  expect(await waiting()).toEqual([first]);
});

it('calls enter the former format while a process of an older version is live', async () => {
  const live = (id: string, format: number) =>
    announceProcess(server.redis, { id, roles: ['gateway'], version: '0', format, schemaVersion: 1, startedAt: 1 });
  await live('new', 4);
  expect(await lanes.format()).toBe('current');
  await live('old', 3);
  expect(await new Lanes(server.redis, queue).format()).toBe('former');
  await lanes.mark(first, 'former');
  expect(await server.redis.zscore('wx:{wxc:lanes}:set', first.appid)).not.toBeNull();
  expect(await lanes.hasFormer(first)).toBe(true);
  // A call whose order key waits there enters the other format in any case.
  expect(await server.redis.zscore('wx:{wxc:lanes}:set2', first.appid)).not.toBeNull();
  await until('the processes know of its end', async () => {
    await forgetProcess(server.redis, 'old');
    return (await lanes.format()) === 'current';
  });
  await lanes.rest(first, 'former');
  expect(await lanes.hasFormer(first)).toBe(false);
});

it('a worker is the last one before older processes if no other of its version remains', async () => {
  const live = (id: string, format: number, more: { closing?: boolean } = {}) =>
    announceProcess(server.redis, {
      id,
      roles: ['worker'],
      version: '0',
      format,
      schemaVersion: 1,
      startedAt: 1,
      ...more,
    });
  await live('own', 4, { closing: true });
  expect(await lanes.isLastBeforeOlder()).toBe(false);
  await live('other', 4);
  await live('old', 3);
  expect(await lanes.isLastBeforeOlder()).toBe(false);
  await live('other', 4, { closing: true });
  expect(await lanes.isLastBeforeOlder()).toBe(true);
  await live('old', 3, { closing: true });
  expect(await lanes.isLastBeforeOlder()).toBe(false);
});

describe('a lane that was found empty', () => {
  const atRest = 'wx:{wxc:lanes}:at-rest2';
  const checkIsDue = () => server.redis.zadd(atRest, 1, first.appid);
  const store = () => new CallStore(server.redis, new Seals([randomBytes(32)]));
  const append = async () => {
    const call = newCallId(first.component, first.appid);
    const request = { appid: first.appid, method: 'GET', path: '/cgi-bin/user/get', query: [], waitMs: 0 };
    await store().create(call, { ...request, departWithinMs: 60_000 }, 'gateway');
    await lanes.mark(first, 'current');
    return { call, entered: await store().enterLane(call, request.path, 'current') };
  };

  it('is forgotten when it is still empty a little later', async () => {
    await lanes.sleep(first, 0, 'current');
    await lanes.rest(first, 'current');
    await lanes.wakeDue('wxc');
    expect(await waiting()).toEqual([]);
    await checkIsDue();
    await lanes.wakeDue('wxc');
    expect(await waiting()).toEqual([]);
    expect(await server.redis.keys('wx:{wxc:lanes}:*')).toEqual([]);
  });

  it('is woken if a call was appended just then by a process that died before it could wake the lane', async () => {
    const lane = new LaneStore(server.redis);
    const one = await append();
    const terms = { limit: 10, count: 10, bytes: 1_000_000 };
    const { taken } = await lane.step(first, [], terms);
    await store().cancel(one.call);
    const returned = taken.map(({ member }) => ({ member, how: 'settled' as const, forMs: 0 }));
    expect(await lane.step(first, returned, terms)).toMatchObject({ next: 'rest' });
    expect((await append()).entered).toBe('wake');
    await lanes.rest(first, 'current');

    await lanes.wakeDue('wxc');
    expect(await waiting()).toEqual([]);
    await checkIsDue();
    await lanes.wakeDue('wxc');
    expect(await waiting()).toEqual([first]);
    expect(await server.redis.zscore('wx:{wxc:lanes}:set2', first.appid)).not.toBeNull();
    expect(await server.redis.exists(atRest)).toBe(0);
  });

  it('is not woken if it has a backlog again, and with it a mark', async () => {
    await lanes.rest(first, 'current');
    await append();
    await lanes.sleep(first, 60_000, 'current');
    await checkIsDue();
    await lanes.wakeDue('wxc');
    expect(await waiting()).toEqual([]);
    expect(await server.redis.exists(atRest)).toBe(0);
  });

  it('is checked again if it comes to rest again while it is checked', async () => {
    await lanes.rest(first, 'current');
    const { zcard } = server.redis;
    server.redis.zcard = (async (...args: Parameters<typeof zcard>) => {
      await lanes.rest(first, 'current');
      return zcard.apply(server.redis, args);
    }) as typeof zcard;
    try {
      // Often, because it may come to rest in the same millisecond in which it was claimed.
      for (let i = 0; i < 20; i++) {
        await checkIsDue();
        await lanes.wakeDue('wxc');
        expect(await server.redis.zscore(atRest, first.appid)).not.toBeNull();
      }
    } finally {
      server.redis.zcard = zcard;
    }
  });
});
