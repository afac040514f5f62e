import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startCluster } from '../../test/redis-cluster.ts';
import { startRedis } from '../../test/redis-server.ts';
import type { CallRequest } from '../call/call.ts';
import { type CallId, newCallId } from '../call/call-id.ts';
import { CallJob } from '../call/call-job.ts';
import { CallStore } from '../call/call-store.ts';
import { FailedCalls } from '../call/failed-calls.ts';
import { append } from '../call/lane/append.ts';
import { LaneJob } from '../call/lane/lane-job.ts';
import { LaneStore } from '../call/lane/lane-store.ts';
import { Lanes } from '../call/lane/lanes.ts';
import { CallbackJob } from '../callback/callback-job.ts';
import { Deployment } from '../deployment/deployment.ts';
import { announceProcess, forgetProcess } from '../deployment/live-processes.ts';
import { RedisAge } from '../deployment/redis-age.ts';
import { openQueue } from '../queue/queues.ts';
import { Ledger } from '../quota/ledger.ts';
import type { RedisClient } from '../redis/connect.ts';
import { Seals } from '../sealing/seals.ts';
import { type DiscardedCalls, discardCalls } from './discard-calls.ts';

const key = randomBytes(32);
const HOUR_MS = 60 * 60_000;
const request: CallRequest = {
  ...{ appid: 'wxa', method: 'POST', path: '/cgi-bin/message/custom/send', query: [], waitMs: 0 },
  ...{ body: Buffer.from('{}'), departWithinMs: HOUR_MS, callbackUrl: 'https://app.example.com/', orderKey: 'o' },
};
const answered = { state: 'completed', response: { status: 200, headers: {}, body: Buffer.from('{}') } } as const;

const kinds = {
  'one server': async () => {
    const server = await startRedis();
    return { url: server.url, connect: () => server.connect() as RedisClient, stop: () => server.stop() };
  },
  'a Cluster': async () => {
    const cluster = await startCluster();
    return { url: cluster.url, connect: () => cluster.connect(), stop: () => cluster.stop() };
  },
};

describe.each(Object.entries(kinds))('discarding the calls of a restored Redis, %s', (_, start) => {
  let server: Awaited<ReturnType<typeof start>>;
  let database: TestDatabase;
  let redis: RedisClient;
  let store: CallStore;
  beforeAll(async () => {
    [server, database] = await Promise.all([start(), startDatabase()]);
    redis = server.connect();
    store = new CallStore(redis, new Seals([key]));
  });
  afterAll(async () => {
    redis?.disconnect();
    await Promise.all([server?.stop(), database?.stop()]);
  });

  const settings = () => ({
    redisUrl: server.url,
    redisPrefix: 'wx',
    databaseUrl: database.url,
    secretsKeys: [key],
  });
  const create = async (appid: string, change: Partial<CallRequest> = {}): Promise<CallId> => {
    const call = newCallId('wxc', appid);
    await store.create(call, { ...request, appid, ...change }, 'gateway');
    return call;
  };
  const stateOf = async (call: CallId) => {
    const found = await store.find(call);
    return found?.failure ? `${found.state} ${found.failure.code}` : found?.state;
  };

  it('settles what is not settled, deletes lanes and jobs, and changes nothing else', async () => {
    await new Deployment(redis, database.sql, [key]).claim();
    const age = new RedisAge(redis, database.sql);
    await age.check();
    await redis.hincrby('wx:deployment', 'time', -HOUR_MS);
    const queues = [openQueue(CallJob, redis), openQueue(LaneJob, redis), openQueue(CallbackJob, redis)] as const;
    const [callQueue, laneQueue, callbackQueue] = queues;
    const lanes = new Lanes(redis, laneQueue);
    try {
      const inLane = await Promise.all(['wxa', 'wxa', 'wxb', 'wxd'].map((appid) => create(appid)));
      for (const call of inLane) await append({ store, lanes }, call, request.path);
      const queued = await create('wxa', { waitMs: 30_000, orderKey: undefined });
      await callQueue.add({ id: queued.id });
      const sent = await create('wxe', { waitMs: 30_000, orderKey: undefined });
      const pair = { component: 'wxc', appid: 'wxe', path: request.path };
      await store.depart(sent, 'run', false, new Ledger(redis).scriptArgs(pair, {} as never));
      const settled = await create('wxb');
      await store.settle(settled, 'run', answered);
      await callbackQueue.add({ id: settled.id });
      await redis.set('wx:{wxc:wxa}:token:authorizer', 'kept');

      const asked: DiscardedCalls[] = [];
      const answer = (confirmed: boolean) => async (found: DiscardedCalls) => {
        asked.push(found);
        return confirmed;
      };
      expect(await discardCalls(settings(), answer(false))).toBe('declined');
      expect(await stateOf(queued)).toBe('queued');
      expect(await new LaneStore(redis).length({ component: 'wxc', appid: 'wxa' })).toBe(2);
      expect(await age.check()).toBe(HOUR_MS);

      expect(await discardCalls(settings(), answer(true))).toBe('discarded');
      const found = { calls: 6, lanes: 3, jobs: { calls: 1, lanes: 3, callbacks: 1 } };
      expect(asked).toEqual([found, found]);
      expect(await Promise.all([...inLane, queued, sent].map(stateOf))).toEqual(Array(6).fill('failed call_lost'));
      const listed = await new FailedCalls(redis).page({ component: 'wxc', limit: 10 });
      expect(listed.items.map(({ id }) => id).sort()).toEqual([...inLane, queued, sent].map(({ id }) => id).sort());
      expect(await stateOf(settled)).toBe('completed');
      for (const { queue } of queues)
        expect(await queue.getJobCounts('waiting', 'delayed')).toMatchObject({ waiting: 0 });
      for (const appid of ['wxa', 'wxb', 'wxd']) {
        expect(await new LaneStore(redis).length({ component: 'wxc', appid })).toBe(0);
        expect(await store.enterLane(inLane[0]!, request.path, 'current')).toBe('gone');
      }
      expect(await redis.zcard(redis.keyspace.lanes('wxc'))).toBe(0);
      expect(await redis.get('wx:{wxc:wxa}:token:authorizer')).toBe('kept');
      expect(await age.check()).toBeUndefined();

      expect(await discardCalls(settings(), answer(true))).toBe('discarded');
      expect(asked.at(-1)).toEqual({ calls: 0, lanes: 0, jobs: { calls: 0, lanes: 0, callbacks: 0 } });
      // Afterwards the queues and lanes work as before.
      const next = await create('wxa');
      await append({ store, lanes }, next, request.path);
      expect(await laneQueue.queue.getJobCounts('waiting')).toEqual({ waiting: 1 });
    } finally {
      await Promise.all(queues.map(({ queue }) => queue.close()));
    }
  });

  it('is refused while a process is alive, and for a Redis of another deployment', async () => {
    const process = { id: 'p', roles: ['worker'], version: '0', format: 1, schemaVersion: 1, startedAt: 1 } as const;
    await announceProcess(redis, process);
    const confirm = async () => true;
    await expect(discardCalls(settings(), confirm)).rejects.toMatchObject({ code: 'processes_alive' });
    await forgetProcess(redis, 'p');
    const foreign = { ...settings(), secretsKeys: [randomBytes(32)] };
    await expect(discardCalls(foreign, confirm)).rejects.toMatchObject({ code: 'foreign_redis' });
  });
});
