import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import type { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import type { Authorizers } from '../authorizer/authorizers.ts';
import { Components } from '../component/components.ts';
import { Ledger } from '../quota/ledger.ts';
import type { RedisClient } from '../redis/connect.ts';
import { Hints } from '../redis/hints.ts';
import { Seals } from '../sealing/seals.ts';
import type { Tokens } from '../token/tokens.ts';
import { OutboundSender } from '../webhook/outbound-sender.ts';
import type { CallRequest } from './call.ts';
import { CallAccounts } from './call-accounts.ts';
import { type CallId, parseCallId } from './call-id.ts';
import { CallJob } from './call-job.ts';
import { CallList } from './call-list.ts';
import { CallStore } from './call-store.ts';
import { Calls } from './calls.ts';
import { FailedCalls } from './failed-calls.ts';
import { LocalWaiters } from './local-waiters.ts';

/** Notes which records were read again. */
class WatchedStore extends CallStore {
  readonly reread: string[] = [];

  override state(call: CallId) {
    this.reread.push(call.id);
    return super.state(call);
  }
}

const active = async () => ({ appid: 'wxa', component: 'wxc', state: 'active' });
const authorizers = { find: active, findActive: active } as unknown as Authorizers;

const components = new Components([]);

const outbound = new OutboundSender({ deliveryNets: ['10.0.0.0/8'] });

let server: TestRedis;
let subscriber: RedisClient;
let store: WatchedStore;
let ledger: Ledger;
let waiters: LocalWaiters;
let calls: Calls;
let woken: string[];
let lanes: string[];
let reported: string[];
let confirmed: string[];
/** Thrown while no replica of Redis receives what is written. */
let unreplicated: Failure | undefined;
let queued: { waiting: number };
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await outbound.close();
  await server.stop();
});
beforeEach(async () => {
  await server.redis.flushall();
  subscriber = server.connect();
  store = new WatchedStore(server.redis, new Seals([randomBytes(32)]));
  ledger = new Ledger(server.redis);
  waiters = new LocalWaiters();
  woken = [];
  lanes = [];
  reported = [];
  confirmed = [];
  unreplicated = undefined;
  queued = { waiting: 0 };
  const queue = { getJobCounts: async () => queued } as unknown as Queue;
  calls = new Calls({
    redis: server.redis,
    queuedSlots: 40,
    failed: new FailedCalls(server.redis),
    store,
    ledger,
    waiters,
    hints: new Hints(subscriber),
    accounts: new CallAccounts(components, authorizers),
    tokens: { has: async () => true } as unknown as Tokens,
    queue: { contract: CallJob, queue, add: async ({ id }) => void woken.push(id) },
    lanes: {
      format: async () => 'current',
      mark: async ({ appid }) => void lanes.push(`mark ${appid}`),
      wake: async ({ appid }) => void lanes.push(`wake ${appid}`),
    },
    inline: { start: async () => undefined, secure: async () => true },
    durable: { accept: async ({ id }) => void confirmed.push(id) },
    replicas: {
      refuseUnreplicated() {
        if (unreplicated) throw unreplicated;
      },
    },
    callbacks: { enqueueIfRequested: async ({ id }) => void reported.push(id) },
    outbound,
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

it('waits for a replica after the acceptance of each durable call, also of a batch and of a repetition', async () => {
  const call = { appid: 'wxa', method: 'POST', path, query: [], waitMs: 0, departWithinMs: 60_000 };
  const keyed = { ...call, durable: true, idempotencyKey: 'k' };
  const { id } = await calls.submit(keyed);
  expect(await calls.submit(keyed)).toEqual({ id });
  expect(confirmed).toEqual([id, id]);
  const [first, second] = await calls.submitAll([call, { ...call, durable: true }]);
  expect(first).toEqual({ id: expect.any(String) });
  expect(confirmed.slice(2).map((id) => ({ id }))).toEqual([second]);
  await expect(calls.submit({ ...keyed, durable: false })).rejects.toMatchObject({ code: 'idempotency_conflict' });
  await expect(submitted({ durable: true })).rejects.toMatchObject({ code: 'invalid_request' });
});

it('accepts no background call that no replica would receive, but repeats what it answered before', async () => {
  const keyed = { waitMs: 0, idempotencyKey: 'k' };
  const accepted = await submitted(keyed);
  unreplicated = new Failure('redis_unreachable', 'retry', 'No replica.');
  await expect(submitted({ waitMs: 0 })).rejects.toBe(unreplicated);
  expect(await submitted(keyed)).toEqual(accepted);
  await submitted();
});

it('refuses a callback to an address that is not allowed, of a batch only the call that names it', async () => {
  const refused = { code: 'address_not_allowed', address: '127.0.0.1', setting: 'DELIVERY_NETS' };
  const callbackUrl = 'http://2130706433/hook';
  await expect(submitted({ callbackUrl })).rejects.toMatchObject(refused);
  const call = { appid: 'wxa', method: 'POST', path, query: [], waitMs: 0, departWithinMs: 60_000 };
  const answers = await calls.submitAll([
    { ...call, callbackUrl },
    // A name is looked up when the callback is sent.
    { ...call, callbackUrl: 'https://business.example/hook' },
    { ...call, callbackUrl: 'http://10.0.0.7:8080/hook' },
  ]);
  expect(answers).toEqual([expect.objectContaining(refused), { id: expect.any(String) }, { id: expect.any(String) }]);
});

it('passes the outcome to a waiting caller', async () => {
  const call = await submitted();
  const waiting = calls.settled(call.id, 60_000);
  await store.settle(call, 'run', answered);
  expect(await waiting).toMatchObject({ id: call.id, state: 'completed' });
});

const channelOf = async (call: CallId) => (await server.redis.hget(`wx:{wxc:wxa}:call:${call.id}`, 'channel'))!;
const listeners = async (channel: string) => (await server.redis.pubsub('NUMSUB', channel))[1];

it('passes on the outcome of a reply without reading the record', async () => {
  const find = vi.spyOn(store, 'find');
  await until('no record was read because a second had passed', async () => {
    const call = await submitted();
    await until('replies arrive', async () => (await listeners(await channelOf(call))) === 1);
    const waiting = calls.settled(call.id, 60_000);
    await store.settle(call, 'run', answered);
    expect(await waiting).toMatchObject({ state: 'completed', response: answered.response, quota: { used: 0 } });
    return !store.reread.includes(call.id);
  });
  expect(find).not.toHaveBeenCalled();
});

const replyOf = ({ id }: CallId, told: string) =>
  `${JSON.stringify({ id, fields: ['1', '1', '1', '1', 'failed', told], quota: [] })}\n`;
it.each([
  ['of a worker of an earlier version', (call: CallId) => call.id],
  ['that is incomplete', (call: CallId) => `{"id":"${call.id}","quota":[]}\n`],
  ['that is damaged', (call: CallId) => replyOf(call, '{')],
  ['of a later version', () => '{"format":3}\n'],
  ['that is lost', () => undefined],
])('reads the outcome after a reply %s', async (_, messageOf) => {
  const call = await submitted();
  const channel = await channelOf(call);
  await until('replies arrive', async () => (await listeners(channel)) === 1);
  await server.redis.hdel(`wx:{wxc:wxa}:call:${call.id}`, 'channel');
  const waiting = calls.settled(call.id, 60_000);
  await store.settle(call, 'run', answered);
  const message = messageOf(call);
  if (message) await server.redis.publish(channel, message);
  expect(await waiting).toMatchObject({ state: 'completed', response: answered.response });
});

it('passes on an outcome that arrived before its caller started to wait', async () => {
  const call = await submitted();
  await store.settle(call, 'run', answered);
  expect(await calls.settled(call.id, 60_000)).toMatchObject({ state: 'completed' });
});

it('receives an outcome that this process knows without reading it, even before it waits', async () => {
  for (const isEarly of [false, true]) {
    const call = await submitted();
    expect((await store.load(call))!.replyTo).toBe(waiters.replyTo);
    const reported = { ...(await store.find(call))!, state: 'completed' as const, settledAt: new Date(), quota: null };
    await server.redis.del(`wx:{wxc:wxa}:call:${call.id}`);
    const waiting = isEarly ? undefined : calls.settled(call.id, 60_000);
    waiters.resolve(reported);
    expect(await (waiting ?? calls.settled(call.id, 60_000))).toBe(reported);
  }
});

it('reports to a waiting caller that Redis has lost the call', async () => {
  const call = await submitted();
  const waiting = calls.settled(call.id, 60_000);
  await server.redis.flushall();
  expect(await waiting).toMatchObject({ state: 'failed', failure: { code: 'call_lost', remedy: 'operator' } });
});

it.each(['queued', 'sent'])('wakes a %s call again whose job was lost', async (state) => {
  const call = await submitted();
  if (state === 'sent') {
    const pair = { component: 'wxc', appid: 'wxa', path };
    await store.depart(call, 'a run that died', false, ledger.scriptArgs(pair, {} as never));
  }
  await until('the call is woken again', () => woken.filter((id) => id === call.id).length > 1);
});

it('forgets a call whose caller has disconnected before it could wait', async () => {
  const [abandoned, kept] = [await submitted(), await submitted()];
  expect(await calls.settled(abandoned.id, 60_000, AbortSignal.abort())).toBeUndefined();
  expect(await calls.cancel(abandoned.id)).toBe(true);
  const rereadTwice = () => store.reread.filter((id) => id === kept.id).length > 1;
  await until('the cancellation is announced', rereadTwice);
  store.reread.length = 0;
  await until('the other one is read again', rereadTwice);
  expect(store.reread).not.toContain(abandoned.id);
});

it('reads an abandoned call less and less often, and each second one that a caller waits for', async () => {
  const [abandoned, waited] = [await submitted(), await submitted()];
  expect(await calls.settled(abandoned.id, 60_000, AbortSignal.abort())).toBeUndefined();
  const waiting = calls.settled(waited.id, 30_000);
  const readings = (call: CallId) => store.reread.filter((id) => id === call.id).length;
  await until('one has been read four times', () => readings(waited) >= 4);
  // After one second, and after three.
  expect(readings(abandoned)).toBeGreaterThan(0);
  expect(readings(abandoned)).toBeLessThan(4);
  await store.settle(waited, 'run', answered);
  await waiting;
});

it('refuses interactive calls once too many calls wait for a worker; lanes may be longer', async () => {
  queued = { waiting: 50_001 };
  await expect(submitted()).rejects.toMatchObject({ code: 'overloaded', remedy: 'slow-down' });
  await submitted({ waitMs: 0 });
});

it('one account holds a quarter of the slots for queued calls with a waiting caller, and one that ends frees its slot', async () => {
  const waiting: CallId[] = [];
  for (let i = 0; i < 10; i++) waiting.push(await submitted());
  const busy = { code: 'account_busy', remedy: 'slow-down', retryAfterMs: 1_000 };
  await expect(submitted()).rejects.toMatchObject(busy);
  await submitted({ waitMs: 0 });
  expect(new Set(woken)).toEqual(new Set(waiting.map(({ id }) => id)));
  // Its caller waits no longer.
  expect(await calls.settled(waiting[0]!.id, 1)).toBeUndefined();
  await submitted();
  await expect(submitted()).rejects.toMatchObject(busy);
  await calls.cancel(waiting[1]!.id);
  expect(await calls.settled(waiting[1]!.id, 30_000)).toMatchObject({ state: 'cancelled' });
  await submitted();
  await expect(submitted()).rejects.toMatchObject(busy);
});

it('accepts no call once Redis is full', async () => {
  const used = Number(/^used_memory:(\d+)/m.exec(await server.redis.info('memory'))![1]);
  await server.redis.config('SET', 'maxmemory', String(Math.floor(used * 1.01)));
  try {
    await expect(submitted()).rejects.toMatchObject({ code: 'overloaded', remedy: 'slow-down' });
  } finally {
    await server.redis.config('SET', 'maxmemory', '0');
  }
});

it('accepts no more background calls once Redis is nearly full', async () => {
  const used = Number(/^used_memory:(\d+)/m.exec(await server.redis.info('memory'))![1]);
  await server.redis.config('SET', 'maxmemory', String(Math.floor(used * 1.1)));
  try {
    await expect(submitted({ waitMs: 0 })).rejects.toMatchObject({ code: 'overloaded' });
    await submitted();
  } finally {
    await server.redis.config('SET', 'maxmemory', '0');
  }
});

it('marks a lane before a call is in it, and wakes it afterwards; its calls have no job of their own', async () => {
  const call = await submitted({ waitMs: 0 });
  expect(lanes).toEqual(['mark wxa', 'wake wxa']);
  expect(woken).toEqual([]);
  expect(await calls.find(call.id)).toMatchObject({ state: 'queued', background: true });
});

describe('Redis becomes unreachable while a background call is accepted', () => {
  const away = new Failure('redis_unreachable', 'retry', 'Redis does not answer.');
  const lengthOfLane = () => server.redis.zcard('wx:{wxc:wxa}:lane2:deadlines');

  it('before its creation is confirmed: the call is refused, and never sent', async () => {
    vi.spyOn(store, 'create').mockImplementationOnce(async (...args) => {
      await CallStore.prototype.create.apply(store, args);
      throw away;
    });
    await expect(submitted({ waitMs: 0, idempotencyKey: 'k' })).rejects.toBe(away);
    expect(await lengthOfLane()).toBe(0);
    // A second request under its key appends it to its lane after all.
    await submitted({ waitMs: 0, idempotencyKey: 'k' });
    expect(await lengthOfLane()).toBe(1);
  });

  const unconfirmed = async (call: CallId, path: string) => {
    await CallStore.prototype.enterLane.call(store, call, path, 'current');
    throw away;
  };

  it('before its entering is confirmed: the call is refused only if it could be cancelled', async () => {
    vi.spyOn(store, 'enterLane').mockImplementationOnce(unconfirmed);
    await expect(submitted({ waitMs: 0, idempotencyKey: 'k' })).rejects.toBe(away);
    const again = await submitted({ waitMs: 0, idempotencyKey: 'k' });
    expect(await calls.find(again.id)).toMatchObject({ state: 'queued' });
  });

  it('and is reachable again: the call is accepted with its place, before calls that are submitted after the answer', async () => {
    vi.spyOn(store, 'enterLane').mockRejectedValueOnce(away).mockRejectedValueOnce(away);
    vi.spyOn(store, 'withdraw').mockRejectedValueOnce(away);
    const call = await submitted({ waitMs: 0 });
    expect(await lengthOfLane()).toBe(1);
    expect(await calls.find(call.id)).toMatchObject({ state: 'queued' });
  });

  it('and has lost the call when it is back, as a new primary may: the call is refused', async () => {
    vi.spyOn(store, 'enterLane').mockImplementationOnce(async ({ id }) => {
      await server.redis.del(`wx:{wxc:wxa}:call:${id}`);
      throw away;
    });
    await expect(submitted({ waitMs: 0 })).rejects.toBe(away);
    expect(await lengthOfLane()).toBe(0);
  });
});

it('answers a batch call by call, in its order, and wakes a lane once', async () => {
  const request = { appid: 'wxa', method: 'POST', path, query: [], waitMs: 0, departWithinMs: 60_000 };
  const answers = await calls.submitAll([request, { ...request, path: 'nonsense' }, request]);
  expect(answers).toEqual([
    { id: expect.any(String) },
    expect.objectContaining({ code: 'invalid_request' }),
    { id: expect.any(String) },
  ]);
  expect(lanes).toEqual(['mark wxa', 'wake wxa']);
  const list = new CallList(server.redis, new CallAccounts(components, authorizers), store, ledger);
  const { items } = await list.page({ appid: 'wxa', limit: 10 });
  expect(items.map(({ id }) => id)).toEqual([answers[2], answers[0]].map((one) => (one as { id: string }).id));
  expect(await list.page({ appid: 'wxa', limit: 10, shows: (one) => one !== path })).toEqual({ items: [], next: null });
});

it('enqueues the callback of a cancelled call, and of none that cannot be cancelled', async () => {
  const [call, other] = [await submitted({ waitMs: 0 }), await submitted()];
  await store.settle(other, 'run', answered);
  expect([await calls.cancel(call.id), await calls.cancel(other.id), await calls.cancel('nonsense')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(reported).toEqual([call.id]);
});

it('order keys that differ are a conflict; a call of a version without order keys is recognized, and recognizes one with a key', async () => {
  const keyed = { waitMs: 0, idempotencyKey: 'k', orderKey: 'user 1' };
  const { orderKey: _, ...plain } = keyed;
  const { id } = await submitted(keyed);
  expect((await submitted(keyed)).id).toBe(id);
  await expect(submitted({ ...keyed, orderKey: 'user 2' })).rejects.toMatchObject({ code: 'idempotency_conflict' });
  expect((await submitted(plain)).id).toBe(id);

  const former = await submitted({ ...plain, idempotencyKey: 'f' });
  expect((await submitted({ ...keyed, idempotencyKey: 'f' })).id).toBe(former.id);
});

it('passes the outcome to all callers with the same idempotency key', async () => {
  const call = await submitted({ idempotencyKey: 'k' });
  expect((await submitted({ idempotencyKey: 'k' })).id).toBe(call.id);
  await expect(submitted({ idempotencyKey: 'k', method: 'GET' })).rejects.toMatchObject({
    code: 'idempotency_conflict',
  });
  const both = [calls.settled(call.id, 60_000), calls.settled(call.id, 60_000)];
  await store.settle(call, 'run', answered);
  expect(await Promise.all(both)).toMatchObject([{ state: 'completed' }, { state: 'completed' }]);
});

it('adds no job for a call of a lane, even if a caller waits for it', async () => {
  const call = await submitted({ waitMs: 0, idempotencyKey: 'k' });
  expect((await submitted({ idempotencyKey: 'k' })).id).toBe(call.id);
  // A call with a lost job of its own shows that enough time has passed.
  const other = await submitted();
  await until('the other is woken again', () => woken.filter((id) => id === other.id).length > 1);
  expect(woken).not.toContain(call.id);
});
