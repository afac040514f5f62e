import { randomBytes } from 'node:crypto';
import type { WeChatResponse } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startReplica, type TestReplica } from '../../test/redis-replica.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { Events } from '../events.ts';
import { Ledger } from '../quota/ledger.ts';
import type { RedisClient } from '../redis/connect.ts';
import { Seals } from '../sealing/seals.ts';
import { HostGate } from '../token/host-gate.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import { type CallId, newCallId } from './call-id.ts';
import { CallStore } from './call-store.ts';
import { DurableCalls } from './durable-calls.ts';
import { Holds } from './holds.ts';
import { type PerformDeps, perform } from './perform.ts';

const SEND = '/cgi-bin/message/custom/send';
const READ = '/cgi-bin/user/info';
const owner = { component: 'wxc', appid: 'wxa' };
const unlimited = { dailyLimit: undefined, minuteLimit: undefined };

let primary: TestRedis;
let redis: RedisClient;
let store: CallStore;
let ledger: Ledger;
let events: Events;
let unconfirmed: string[];
let durable: DurableCalls;
beforeAll(async () => {
  primary = await startRedis();
  redis = primary.connect();
  redis.on('error', () => {});
  store = new CallStore(primary.redis, new Seals([randomBytes(32)]));
  ledger = new Ledger(primary.redis);
});
afterAll(async () => {
  redis.disconnect();
  await primary.stop();
});
beforeEach(async () => {
  await primary.redis.flushall();
  await primary.redis.config('RESETSTAT');
  events = new Events();
  unconfirmed = [];
  events.subscribe('redis', (event) => {
    if (event.what === 'wait_unacked') unconfirmed.push(event.write);
  });
  durable = new DurableCalls(redis, events);
  return () => durable.close();
});

async function created(path = SEND, isDurable = true): Promise<CallId> {
  const call = newCallId(owner.component, owner.appid);
  const method = path === READ ? 'GET' : 'POST';
  const request = { appid: owner.appid, method, path, query: [], waitMs: 0, departWithinMs: 600_000 };
  await store.create(call, { ...request, durable: isDurable }, 'gateway-1');
  return call;
}

/** Runs calls at a WeChat that carries out whatever it receives. */
function runs() {
  let requests = 0;
  const token = { owner: { kind: 'authorizer', ...owner }, value: 'T', version: 1, trustedUntil: new Date() };
  const deps = {
    store,
    ledger,
    durable,
    gate: new HostGate(primary.redis),
    holds: new Holds(store),
    tokens: { get: async () => token, cached: () => token, distrust: async () => 'replaced', accepted: () => {} },
    refreshAhead: { markUsed: async () => {} } as unknown as RefreshAhead,
    userTokens: { remember: async () => {} },
    clears: { recordClear: async () => {} },
    events: new Events(),
    transport: {
      send: async ({ beforeSend }: { beforeSend?: () => void }): Promise<WeChatResponse> => {
        beforeSend?.();
        requests++;
        return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from('{"errcode":0}') };
      },
      close: async () => {},
    },
    apiBase: 'http://wechat',
  } as unknown as PerformDeps;
  const run = (call: CallId, expected?: { method: string; path: string }) =>
    perform(call.id, new AbortController().signal, deps, expected);
  return { run, requests: () => requests };
}

/** How often this server has executed WAIT since the test began. */
async function waits(): Promise<number> {
  const stats = await primary.redis.info('commandstats');
  return Number(/^cmdstat_wait:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
}

const recordOf = ({ component, appid, id }: CallId) => primary.redis.keyspace.call(component, appid, id);

describe('a durable call on a Redis without replicas', () => {
  it('is accepted and sent at once, without a wait', async () => {
    const { run, requests } = runs();
    const call = await created();
    await durable.accept(call);
    expect(await run(call)).toMatchObject({ done: true, outcome: 'completed', attempts: 1 });
    expect(requests()).toBe(1);
    expect(await waits()).toBe(0);
    expect(unconfirmed).toEqual([]);
  });

  it('is refused at acceptance if a failover has lost it', async () => {
    const call = await created();
    await primary.redis.del(recordOf(call));
    await expect(durable.accept(call)).rejects.toMatchObject({ code: 'redis_unreachable' });
  });

  it('is not sent by a second run, and a closed quota returns its claim', async () => {
    const { run, requests } = runs();
    const [held, parked] = [await created(), await created()];
    expect(await durable.claim(held, 'another', false)).toBe('confirmed');
    expect(await durable.claim(held, 'another', false)).toBe('confirmed');
    expect(await durable.claim(held, 'second', false)).toMatchObject({ denied: { go: 'claimed' } });
    expect(await run(held)).toMatchObject({ done: false, until: 'again' });
    await ledger.close({ ...owner, path: SEND }, 'day', Date.now(), unlimited);
    expect(await run(parked)).toMatchObject({ done: false, until: 'quota' });
    expect(await store.state(parked)).toBe('queued');
    expect(requests()).toBe(0);
  });
});

describe('a durable call on a Redis with a replica', () => {
  let replica: TestReplica;
  beforeAll(async () => {
    replica = await startReplica(primary);
  });
  afterAll(() => replica.stop());

  it('departs only once the replica has its claim; until then it is delayed, and takes no quota', async () => {
    const { run, requests } = runs();
    const [call, read, other] = [await created(), await created(READ), await created(SEND, false)];
    replica.freeze();
    try {
      await durable.accept(call);
      for (const one of [call, call, read]) {
        expect(await run(one)).toEqual({ done: false, delayMs: 1_000, until: 'again' });
      }
      // Also a run that would depart while it reads the record.
      expect(await run(call, { method: 'POST', path: SEND })).toMatchObject({ done: false, delayMs: 1_000 });
      expect(unconfirmed).toEqual(['call', 'departure', 'departure', 'departure', 'departure']);
      expect(await store.load(call)).toMatchObject({ departed: false, attempts: 0 });
      expect(await store.find(call)).toMatchObject({ state: 'delayed' });
      expect((await ledger.usage({ ...owner, path: SEND }, unlimited)).used).toBe(0);
      expect(requests()).toBe(0);
      // Others do not wait for it.
      expect(await run(other)).toMatchObject({ done: true, outcome: 'completed' });
      expect(requests()).toBe(1);
    } finally {
      replica.thaw();
    }
    await until('the call is sent', async () => (await run(call)).done === true);
    expect(await run(call)).toMatchObject({ done: true, outcome: 'settled_before', attempts: 1 });
    expect(requests()).toBe(2);
  });

  it.each([SEND, READ])('fails at its deadline without having been sent: %s', async (path) => {
    const { run, requests } = runs();
    const call = await created(path);
    replica.freeze();
    try {
      expect(await run(call)).toMatchObject({ done: false, until: 'again' });
      await primary.redis.hset(recordOf(call), 'deadlineAt', '1');
      expect(await durable.claim(call, 'run', false)).toEqual({ denied: { go: 'deadline' } });
      expect(await run(call)).toMatchObject({ done: true, outcome: 'deadline_passed', attempts: 0 });
    } finally {
      replica.thaw();
    }
    expect(await run(call)).toMatchObject({ done: true, outcome: 'settled_before' });
    expect(requests()).toBe(0);
  });
});
