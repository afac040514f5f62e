import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openTransport, type Transport } from '@wxthirdparty/wechat';
import type { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { until } from '../../../test/until.ts';
import type { Authorizers } from '../../authorizer/authorizers.ts';
import { Components } from '../../component/components.ts';
import { type CallEvent, Events } from '../../events.ts';
import type { Clears } from '../../quota/clears.ts';
import { Ledger } from '../../quota/ledger.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { Hints } from '../../redis/hints.ts';
import { Seals } from '../../sealing/seals.ts';
import { HostGate } from '../../token/host-gate.ts';
import type { RefreshAhead } from '../../token/refresh-ahead.ts';
import type { Token } from '../../token/token.ts';
import type { Tokens } from '../../token/tokens.ts';
import type { CallRequest } from '../call.ts';
import { CallAccounts } from '../call-accounts.ts';
import { parseCallId } from '../call-id.ts';
import { CallJob } from '../call-job.ts';
import { HELD_MS } from '../call-record.ts';
import { CallStore } from '../call-store.ts';
import { Calls } from '../calls.ts';
import { FailedCalls } from '../failed-calls.ts';
import { Holds } from '../holds.ts';
import { LocalWaiters } from '../local-waiters.ts';
import { type PerformDeps, perform } from '../perform.ts';
import { InlineDispatcher } from './inline-dispatch.ts';

const SEND = '/cgi-bin/message/custom/send';
const READ = '/cgi-bin/user/info';

/** Longer than any test takes. */
const LONG_MS = 60 * 60_000;

let server: TestRedis;
let subscriber: RedisClient;
let wechat: Server;
let transport: Transport;
/** The requests that reached WeChat; each is answered by its response. */
let asked: ServerResponse[];
let answering: boolean;
let store: CallStore;
let performing: PerformDeps;
let dispatcher: InlineDispatcher;
let calls: Calls;
/** Creates the last two. */
let start: (limits?: { confirmTimeoutMs?: number; inMemoryMs?: number }) => void;
let jobs: { id: string; delayMs: number | undefined }[];
let settled: CallEvent[];
let unrecorded: number[];
let token: Token | undefined;
let running: ReturnType<InlineDispatcher['open']> | undefined;

beforeAll(async () => {
  server = await startRedis();
  wechat = createServer((request, response) => {
    request.resume();
    asked.push(response);
    if (answering) response.end('{"errcode":0}');
  }).listen(0, '127.0.0.1');
  await once(wechat, 'listening');
});
afterAll(async () => {
  await server.stop();
  wechat.close();
});
beforeEach(async () => {
  await server.redis.flushall();
  [asked, answering, jobs, settled, unrecorded] = [[], true, [], [], []];
  // What ends too late for the test before is not of this one.
  const [added, ended, counts] = [jobs, settled, unrecorded];
  subscriber = server.connect();
  transport = openTransport();
  token = {
    owner: { kind: 'authorizer', component: 'wxc', appid: 'wxa' },
    value: 'a-token',
    version: 1,
    trustedUntil: new Date(Date.now() + 60_000),
  };
  store = new CallStore(server.redis, new Seals([randomBytes(32)]));
  const ledger = new Ledger(server.redis);
  const waiters = new LocalWaiters();
  const tokens = {
    has: async () => true,
    get: async () => token,
    cached: () => token,
    distrust: async () => 'replaced',
    accepted: () => {},
  } as unknown as Tokens;
  const events = new Events();
  performing = {
    events,
    store,
    ledger,
    tokens,
    transport,
    durable: { claim: async () => 'confirmed' },
    holds: new Holds(store),
    gate: new HostGate(server.redis),
    apiBase: `http://127.0.0.1:${(wechat.address() as AddressInfo).port}`,
    refreshAhead: { markUsed: async () => {} } as unknown as RefreshAhead,
    userTokens: { remember: async () => {} },
    clears: {} as Clears,
  };
  const queue = {
    contract: CallJob,
    queue: { getJobCounts: async () => ({ waiting: 0 }) } as unknown as Queue,
    add: async ({ id }: { id: string }, delayMs?: number) => void added.push({ id, delayMs }),
  };
  events.subscribe('call', (event) => ended.push(event));
  events.subscribe('calls-unrecorded', ({ count }) => counts.push(count));
  const active = async () => ({ appid: 'wxa', component: 'wxc', state: 'active' });
  start = (limits = {}) => {
    dispatcher = new InlineDispatcher({
      ...{ queue, tokens, store, ledger, waiters, events, run: performing },
      ...{ redis: server.redis, recordIn: server.redis },
      ...{ confirmTimeoutMs: LONG_MS, inMemoryMs: LONG_MS, ...limits },
    });
    calls = new Calls({
      redis: server.redis,
      queuedSlots: 500,
      failed: new FailedCalls(server.redis),
      store,
      ledger,
      tokens,
      queue,
      durable: { accept: async () => {} },
      replicas: { refuseUnreplicated() {} },
      inline: dispatcher,
      waiters,
      hints: new Hints(subscriber),
      accounts: new CallAccounts(new Components([]), { find: active, findActive: active } as unknown as Authorizers),
      lanes: { format: async () => 'current', mark: async () => {}, wake: async () => {} },
      callbacks: { enqueueIfRequested: async () => {} },
      outbound: { refuseLiteral: () => {} },
    });
  };
  start();
});
afterEach(async () => {
  for (const response of asked) response.destroy();
  // What is still running must not affect the next test.
  await running?.close(1_000);
  calls.close();
  subscriber.disconnect();
  await transport.close();
});

function open(most = 10): void {
  running = dispatcher.open({ concurrency: most });
}
async function submitted(change: Partial<CallRequest> = {}, disconnected?: AbortSignal): Promise<string> {
  const request = { appid: 'wxa', method: 'POST', path: SEND, query: [], waitMs: 30_000, departWithinMs: 60_000 };
  return (await calls.submit({ ...request, ...change }, disconnected)).id;
}
const recordOf = (id: string) => `wx:{wxc:wxa}:call:${id}`;
const stateOf = async (id: string) => (await store.find(parseCallId(id)!))?.state;
const performed = (id: string) => perform(id, new AbortController().signal, performing);

it('sends a call without record and job; afterwards its outcome is recorded without the body, and listed', async () => {
  open();
  const id = await submitted({ body: Buffer.from('{"a":1}') });
  const call = await calls.settled(id, 60_000);
  expect(call).toMatchObject({ state: 'completed', attempts: 1, quota: { used: 1 } });
  expect(call!.response!.body.toString()).toBe('{"errcode":0}');
  await running!.close(60_000);
  const { response, ...rest } = call!;
  expect(response).not.toBeNull();
  expect(rest.answered).toEqual({ status: 200, errcode: 0, rid: null, bytes: 13 });
  expect(await calls.find(id)).toEqual({ ...rest, response: null });
  expect(await server.redis.exists(`${recordOf(id)}:request`, `${recordOf(id)}:result`)).toBe(0);
  expect(await server.redis.zscore('wx:{wxc:wxa}:calls', id.split('.')[2]!)).toMatch(/^\d{16}$/);
  expect({ jobs, asked: asked.length, settled, unrecorded }).toMatchObject({
    ...{ jobs: [], asked: 1, unrecorded: [] },
    settled: [{ call: id, outcome: 'completed', attempts: 1, hasCaller: true }],
  });
});

it('records and lists a call of the virtual WeChat only if it failed', async () => {
  open();
  const completed = await submitted({ keptForMs: 60_000 });
  await calls.settled(completed, 60_000);
  answering = false;
  const failing = await submitted({ keptForMs: 60_000 });
  await until('it has reached WeChat', () => asked.length === 2);
  asked[1]!.destroy();
  expect(await calls.settled(failing, 60_000)).toMatchObject({ state: 'failed', failure: { code: 'outcome_unknown' } });
  await running!.close(60_000);
  expect(await calls.find(completed)).toBeUndefined();
  expect(await calls.find(failing)).toMatchObject({ state: 'failed', failure: { code: 'outcome_unknown' } });
  expect(await server.redis.zrange('wx:{wxc:wxa}:calls', '0', '-1')).toEqual([failing.split('.')[2]]);
});

it('passes on WeChat’s answer while Redis does not answer, and records it later', async () => {
  open();
  answering = false;
  const id = await submitted();
  const waiting = calls.settled(id, 30_000);
  await until('it has reached WeChat', () => asked.length === 1);
  await server.redis.call('CLIENT', 'PAUSE', '3000', 'ALL');
  asked[0]!.end('{"errcode":0}');
  expect(await waiting).toMatchObject({ state: 'completed' });
  await until('the run has ended', () => settled.length === 1);
  await until('its outcome is recorded', async () => (await stateOf(id)) === 'completed');
});

it('records an outcome that Redis refuses at first', async () => {
  open();
  answering = false;
  const id = await submitted();
  const waiting = calls.settled(id, 30_000);
  await until('it has reached WeChat', () => asked.length === 1);
  await server.redis.config('SET', 'maxmemory', '1');
  try {
    asked[0]!.end('{"errcode":0}');
    expect(await waiting).toMatchObject({ state: 'completed' });
    await until('its run has ended', () => settled.length === 1);
    expect(await stateOf(id)).toBeUndefined();
  } finally {
    await server.redis.config('SET', 'maxmemory', '0');
  }
  await until('its outcome is recorded', async () => (await stateOf(id)) === 'completed');
  expect(unrecorded).toEqual([]);
});

it('does not send a call whose caller has disconnected before its departure', async () => {
  open();
  const id = await submitted({}, AbortSignal.abort());
  expect(await calls.settled(id, 60_000)).toMatchObject({ state: 'cancelled' });
  await running!.close(60_000);
  expect(asked).toHaveLength(0);
  expect(await stateOf(id)).toBe('cancelled');
});

it('refuses a call whose quota is closed, and creates nothing', async () => {
  open();
  await performing.ledger.conclude(
    { component: 'wxc', appid: 'wxa', path: SEND },
    { departedAt: Date.now(), probe: false },
    45011,
    { path: SEND, dailyLimit: undefined },
  );
  await expect(submitted()).rejects.toMatchObject({ code: 'quota_closed' });
  expect(await server.redis.keys('*:call:*')).toEqual([]);
  expect(asked).toHaveLength(0);
});

it('continues with the next token in memory, and counts both departures', async () => {
  open();
  answering = false;
  const id = await submitted();
  const waiting = calls.settled(id, 30_000);
  await until('it has reached WeChat', () => asked.length === 1);
  asked[0]!.end('{"errcode":40001,"errmsg":"invalid credential"}');
  await until('it has reached WeChat again', () => asked.length === 2);
  expect(await stateOf(id)).toBeUndefined();
  asked[1]!.end('{"errcode":0}');
  expect(await waiting).toMatchObject({ state: 'completed', attempts: 2, quota: { used: 2 } });
});

it('writes a call that cannot continue at once into the queue, with what is known of it', async () => {
  open();
  answering = false;
  const id = await submitted({ method: 'GET', path: READ });
  await until('it has reached WeChat', () => asked.length === 1);
  asked[0]!.end('{"errcode":-1,"errmsg":"system error"}');
  await until('it has a job', () => jobs.length === 1);
  expect(jobs[0]).toMatchObject({ id, delayMs: expect.any(Number) });
  expect(jobs[0]!.delayMs).toBeGreaterThan(0);
  expect(await calls.find(id)).toMatchObject({ state: 'delayed', attempts: 1 });
  answering = true;
  expect(await performed(id)).toMatchObject({ done: true, outcome: 'completed', attempts: 2 });
  expect(await calls.settled(id, 60_000)).toMatchObject({ state: 'completed', response: { status: 200 } });
});

it('gives one account at most a quarter of its slots', async () => {
  answering = false;
  open(8);
  for (let i = 0; i < 3; i++) await submitted();
  await until('two are in flight', () => asked.length === 2);
  expect(jobs).toHaveLength(1);
});

it('sends by the queue what other processes may have to continue, and what has no slot or no token', async () => {
  await submitted();
  answering = false;
  open(1);
  await submitted();
  await until('one is in flight', () => asked.length === 1);
  await submitted();
  asked[0]!.end('{"errcode":0}');
  await until('its slot is free', () => settled.length === 1);
  await submitted({ idempotencyKey: 'k' });
  await submitted({ callbackUrl: 'https://shop.example/hook' });
  token = undefined;
  await submitted();
  expect(jobs).toHaveLength(5);
  expect(asked).toHaveLength(1);
  await running!.close(60_000);
});

it('promotes a call that takes long to a record and a job, which waits for as long as this process is alive', async () => {
  calls.close();
  start({ inMemoryMs: 10 });
  answering = false;
  open();
  const id = await submitted();
  await until('it has reached WeChat', () => asked.length === 1);
  await until('it has a job', () => jobs.length > 0);
  expect(jobs).toEqual([{ id, delayMs: 0 }]);
  const held = await performed(id);
  expect(held).toMatchObject({ done: false, until: 'again' });
  expect('delayMs' in held && held.delayMs).toBeGreaterThan(0);
  await server.redis.hset(`wx:{wxc:wxa}:call:${id}`, 'heldUntil', '1');
  await until('its hold is renewed', async () => (await store.load(parseCallId(id)!))!.heldMs > 0);
  asked[0]!.end('{"errcode":0}');
  expect(await calls.settled(id, 60_000)).toMatchObject({ state: 'completed' });
  await until('its outcome is stored', async () => (await stateOf(id)) === 'completed');
  expect((await calls.find(id))!.response!.body.toString()).toBe('{"errcode":0}');
  expect(await performed(id)).toMatchObject({ done: true, outcome: 'settled_before' });
  expect(asked).toHaveLength(1);
});

it('of a process that died, a call that is not safe to repeat is never sent again, and one that is safe is', async () => {
  answering = false;
  open();
  const ids = [await submitted(), await submitted({ method: 'GET', path: READ })];
  await until('both are in flight', () => asked.length === 2);
  for (const id of ids) expect(await calls.settled(id, 1)).toBeUndefined();
  const dead = async (id: string) => {
    await server.redis.hset(`wx:{wxc:wxa}:call:${id}`, 'heldUntil', '1');
    return performed(id);
  };
  answering = true;
  expect(await dead(ids[0]!)).toMatchObject({ done: true, outcome: 'outcome_unknown' });
  expect(await dead(ids[1]!)).toMatchObject({ done: true, outcome: 'completed' });
  expect(asked).toHaveLength(3);
});

it('has a record and a job before its id is returned', async () => {
  answering = false;
  open();
  const id = await submitted();
  await until('it has reached WeChat', () => asked.length === 1);
  expect(await calls.settled(id, 20)).toBeUndefined();
  expect(jobs).toEqual([{ id, delayMs: 0 }]);
  expect(await stateOf(id)).toBe('running');
});

it('whose record Redis does not confirm ends as unknown for its caller, whose time is over', async () => {
  calls.close();
  start({ confirmTimeoutMs: 100 });
  answering = false;
  open();
  store.put = async () => {
    throw new Error('READONLY You can not write against a read only replica.');
  };
  const id = await submitted();
  await until('it has reached WeChat', () => asked.length === 1);
  expect(await calls.settled(id, 20)).toMatchObject({ state: 'failed', failure: { code: 'outcome_unknown' } });
  expect(jobs).toEqual([]);
});

it('is not waited for longer than the shutdown permits, if Redis does not confirm its record', async () => {
  answering = false;
  open();
  store.put = () => new Promise(() => {});
  const id = await submitted();
  const waiting = calls.settled(id, 20);
  await until('it has reached WeChat', () => asked.length === 1);
  await running!.close(50);
  expect(await waiting).toMatchObject({ state: 'failed', failure: { code: 'outcome_unknown' } });
});

it('requeues what is safe to repeat at shutdown, and accepts nothing more', async () => {
  answering = false;
  open();
  const id = await submitted({ method: 'GET', path: READ });
  await until('it is in flight', () => asked.length === 1);
  await running!.close(500);
  await until('it has a job', () => jobs.length > 0);
  expect(jobs).toEqual([{ id, delayMs: 0 }]);
  expect(await stateOf(id)).toBe('queued');
  const next = await submitted();
  expect(jobs.at(-1)).toEqual({ id: next, delayMs: undefined });
});

it('stores the outcome of a promoted call that Redis refused at first', async () => {
  answering = false;
  open();
  const id = await submitted();
  await until('it has reached WeChat', () => asked.length === 1);
  expect(await calls.settled(id, 20)).toBeUndefined();
  const settle = store.settle.bind(store);
  let refusals = 0;
  store.settle = async (...outcome) => {
    if (++refusals <= 2) throw new Error('OOM command not allowed');
    return settle(...outcome);
  };
  asked[0]!.end('{"errcode":0}');
  await until('it is stored', async () => (await stateOf(id)) === 'completed');
  await until('the run has ended', () => settled.length === 1);
  expect(settled).toMatchObject([{ call: id, outcome: 'completed', attempts: 1, kind: 'inline', recorded: true }]);
  expect(asked).toHaveLength(1);
});

it('after an internal error, its job continues by the record', async () => {
  open();
  const { send } = transport;
  transport.send = async () => {
    throw new Error('a fault of our own');
  };
  const id = await submitted({ method: 'GET', path: READ });
  await until('it has a job', () => jobs.length === 1);
  transport.send = send;
  await server.redis.hset(recordOf(id), 'heldUntil', '1');
  expect(await performed(id)).toMatchObject({ done: true, outcome: 'completed' });
  expect(await calls.settled(id, 60_000)).toMatchObject({ state: 'completed' });
});

describe('a call whose job another run gets because the lock of the first has ended', () => {
  /** Like a process that is frozen, or loses Redis, after it has sent the call. */
  const frozen = { keep: () => () => {} } as unknown as Holds;
  const holdEnds = (id: string) => server.redis.hset(`wx:{wxc:wxa}:call:${id}`, 'heldUntil', '1');
  const deadlinePasses = (id: string) => server.redis.hset(`wx:{wxc:wxa}:call:${id}`, 'deadlineAt', '1');
  const inFlight = async (change: Partial<CallRequest> = {}) => {
    answering = false;
    const id = await submitted({ idempotencyKey: 'k', ...change });
    const first = perform(id, new AbortController().signal, { ...performing, holds: frozen });
    await until('it has been sent', () => asked.length > 0);
    return { id, first };
  };

  it('ends with WeChat’s answer to the first: the other waits for the end of the hold', async () => {
    const { id, first } = await inFlight();
    const held = await performed(id);
    expect(held).toMatchObject({ done: false, until: 'again' });
    expect('delayMs' in held && held.delayMs).toBeGreaterThan(0);
    expect(await stateOf(id)).toBe('running');
    asked[0]!.end('{"errcode":0}');
    expect(await first).toMatchObject({ done: true, outcome: 'completed' });
    expect(await performed(id)).toMatchObject({ done: true, outcome: 'settled_before' });
    expect(asked).toHaveLength(1);
  });

  it('is corrected by the first after the other has given it up, and is never sent again', async () => {
    const { id, first } = await inFlight();
    await holdEnds(id);
    expect(await performed(id)).toMatchObject({ done: true, outcome: 'outcome_unknown' });
    expect(await calls.settled(id, 60_000)).toMatchObject({ failure: { code: 'outcome_unknown' } });
    asked[0]!.end('{"errcode":0}');
    expect(await first).toMatchObject({ done: true, outcome: 'completed', corrected: true });
    const found = (await calls.find(id))!;
    expect(found).toMatchObject({ state: 'completed', failure: null });
    expect(found.response!.body.toString()).toBe('{"errcode":0}');
    expect(asked).toHaveLength(1);
  });

  it('is corrected, too, by a refusal of WeChat after which the first would have sent it again', async () => {
    const { id, first } = await inFlight();
    await holdEnds(id);
    await performed(id);
    asked[0]!.end('{"errcode":42001,"errmsg":"access_token expired"}');
    expect(await first).toMatchObject({ done: true, outcome: 'completed', corrected: true, errcode: 42001 });
    expect(await stateOf(id)).toBe('completed');
    expect(asked).toHaveLength(1);
  });

  it('is repeated earlier if it is safe to repeat', async () => {
    const { id, first } = await inFlight({ method: 'GET', path: READ });
    const held = await performed(id);
    expect('delayMs' in held && held.delayMs).toBeLessThanOrEqual(HELD_MS / 2);
    await holdEnds(id);
    answering = true;
    expect(await performed(id)).toMatchObject({ done: true, outcome: 'completed', attempts: 2 });
    asked[0]!.end('{"errcode":0}');
    expect(await first).toMatchObject({ done: true, outcome: 'settled_before' });
  });

  it('is never reported as not sent, even after its deadline', async () => {
    const { id, first } = await inFlight();
    await deadlinePasses(id);
    expect(await performed(id)).toMatchObject({ done: false, until: 'again' });
    await holdEnds(id);
    expect(await performed(id)).toMatchObject({ done: true, outcome: 'outcome_unknown' });
    asked[0]!.end('{"errcode":0}');
    expect(await first).toMatchObject({ done: true, outcome: 'completed', corrected: true });
  });

  it('that is safe to repeat and too late is reported as possibly sent', async () => {
    const { id, first } = await inFlight({ method: 'GET', path: READ });
    await holdEnds(id);
    await deadlinePasses(id);
    expect(await performed(id)).toMatchObject({ done: true, outcome: 'deadline_passed' });
    const { failure } = (await calls.find(id))!;
    expect(failure!.message).toContain('may have been sent');
    expect(asked).toHaveLength(1);
    asked[0]!.end('{"errcode":0}');
    expect(await first).toMatchObject({ done: true, outcome: 'settled_before' });
  });
});
