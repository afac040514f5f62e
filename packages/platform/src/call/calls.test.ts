import { randomBytes } from 'node:crypto';
import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import type { Authorizers } from '../authorizer/authorizers.ts';
import { Components } from '../component/components.ts';
import { Ledger } from '../quota/ledger.ts';
import { Hints } from '../redis/hints.ts';
import { Seals } from '../redis/sealed.ts';
import type { Tokens } from '../token/tokens.ts';
import type { CallRequest } from './call.ts';
import { type CallId, parseCallId } from './call-id.ts';
import { CallJob } from './call-job.ts';
import { CallStore } from './call-store.ts';
import { Calls } from './calls.ts';

/** Tells which records were read again. */
class WatchedStore extends CallStore {
  readonly reread: string[] = [];

  override state(call: CallId) {
    this.reread.push(call.id);
    return super.state(call);
  }
}

let server: TestRedis;
let subscriber: Redis;
let store: WatchedStore;
let ledger: Ledger;
let calls: Calls;
let woken: string[];
let queued: { waiting: number; delayed: number };
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  subscriber = new Redis(server.url);
  store = new WatchedStore(server.redis, new Seals([randomBytes(32)]));
  ledger = new Ledger(server.redis);
  woken = [];
  queued = { waiting: 0, delayed: 0 };
  const queue = { getJobCounts: async () => queued } as unknown as Queue;
  calls = new Calls({
    ...{ redis: server.redis, store, ledger, hints: new Hints(subscriber) },
    components: new Components([]),
    authorizers: {
      findActive: async () => ({ appid: 'wxa', component: 'wxc', state: 'active' }),
    } as unknown as Authorizers,
    tokens: { has: async () => true } as unknown as Tokens,
    queue: { contract: CallJob, queue, add: async ({ id }) => void woken.push(id) },
  });
});
afterEach(() => {
  calls.close();
  subscriber.disconnect();
});

const path = '/cgi-bin/message/custom/send';

async function submitted(change: Partial<CallRequest> = {}): Promise<CallId> {
  const request = { appid: 'wxa', method: 'POST', path, query: [], waitMs: 30_000, departWithinMs: 60_000 };
  return parseCallId((await calls.submit({ ...request, ...change })).id)!;
}

const answered = { state: 'completed', response: { status: 200, headers: {}, body: Buffer.from('{}') } } as const;

it('hands the outcome to who waits', async () => {
  const call = await submitted();
  const waiting = calls.settled(call.id, 10_000);
  await store.settle(call, answered);
  expect(await waiting).toMatchObject({ id: call.id, state: 'completed' });
});

it('hands over an outcome that came before anybody waited', async () => {
  const call = await submitted();
  await store.settle(call, answered);
  expect(await calls.settled(call.id, 10_000)).toMatchObject({ state: 'completed' });
});

it('tells who waits that Redis has lost the call', async () => {
  const call = await submitted();
  const waiting = calls.settled(call.id, 10_000);
  await server.redis.flushall();
  expect(await waiting).toMatchObject({ state: 'failed', failure: { code: 'call_lost', remedy: 'operator' } });
});

it.each(['queued', 'sent'])('wakes a %s call again whose job was lost', async (state) => {
  const call = await submitted();
  if (state === 'sent') {
    await store.depart(call, 'a run that died', false, ledger.keysOf({ component: 'wxc', appid: 'wxa', path }));
  }
  await until('the call is woken again', () => woken.filter((id) => id === call.id).length > 1);
});

it('keeps nothing in mind of a call whose caller had gone before it could wait', async () => {
  const [gone, kept] = [await submitted(), await submitted()];
  expect(await calls.settled(gone.id, 10_000, AbortSignal.abort())).toBeUndefined();
  expect(await calls.cancel(gone.id)).toBe(true);
  const rereadTwice = () => store.reread.filter((id) => id === kept.id).length > 1;
  await until('the cancelling is told', rereadTwice);
  store.reread.length = 0;
  await until('the other one is read again', rereadTwice);
  expect(store.reread).not.toContain(gone.id);
});

it('refuses more calls than workers and Redis can take; what a closed quota has parked stops no caller who waits', async () => {
  queued = { waiting: 1, delayed: 50_000 };
  await submitted();
  await expect(submitted({ waitMs: 0 })).rejects.toMatchObject({ code: 'overloaded', remedy: 'slow-down' });
});

it('refuses everybody once too many calls wait for a worker', async () => {
  queued = { waiting: 50_001, delayed: 0 };
  await expect(submitted()).rejects.toMatchObject({ code: 'overloaded' });
});
