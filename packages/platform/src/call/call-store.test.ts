import { randomBytes } from 'node:crypto';
import { endpointOf } from '@wxthirdparty/wechat';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { Ledger } from '../quota/ledger.ts';
import type { RedisClient } from '../redis/connect.ts';
import { Seals } from '../sealing/seals.ts';
import type { CallRequest } from './call.ts';
import { type CallId, newCallId } from './call-id.ts';
import { HELD_MS } from './call-record.ts';
import { CallStore } from './call-store.ts';
import { readReply } from './reply.ts';
import { withQuota } from './with-quota.ts';

let server: TestRedis;
let store: CallStore;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  store = new CallStore(server.redis, new Seals([randomBytes(32)]));
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const pair = { component: 'wxc', appid: 'wxa', path: '/cgi-bin/message/custom/send' };
const request: CallRequest = {
  appid: 'wxa',
  method: 'POST',
  path: pair.path,
  query: [
    ['lang', 'zh_CN'],
    ['lang', 'again'],
  ],
  contentType: 'application/json',
  body: Buffer.from('{"touser":"o-secret"}'),
  waitMs: 30_000,
  departWithinMs: 60_000,
};

async function created(change: Partial<CallRequest> = {}): Promise<CallId> {
  const call = newCallId('wxc', 'wxa');
  await store.create(call, { ...request, ...change }, 'gateway-1');
  return call;
}
const depart = (call: CallId, run: string, safe: boolean) =>
  store.depart(call, run, safe, ledger.scriptArgs(pair, {} as never));
const refused = { code: 'wechat_refused', remedy: 'fix-request', message: 'm' } as const;
const unknown = { state: 'failed', failure: { code: 'outcome_unknown', remedy: 'operator', message: 'm' } } as const;
const answered = {
  state: 'completed',
  response: { status: 200, headers: {}, body: Buffer.from([0, 255, 10]) },
} as const;

it('carries a request to the worker and the answer back, byte for byte', async () => {
  const call = await created();
  expect(await store.load(call)).toMatchObject({
    settled: false,
    method: 'POST',
    path: pair.path,
    query: request.query,
    contentType: 'application/json',
    body: request.body,
  });
  await depart(call, 'run', false);
  expect(await store.settle(call, 'run', answered)).toBe('stored');
  const found = await store.find(call);
  expect(found).toMatchObject({ state: 'completed', attempts: 1 });
  expect(found?.response?.body).toEqual(Buffer.from([0, 255, 10]));
});

it('distinguishes an absent body from an empty one', async () => {
  const { body: _, ...without } = request;
  const call = newCallId('wxc', 'wxa');
  await store.create(call, without, 'g');
  expect((await store.load(call))?.body).toBeUndefined();
  expect((await store.load(await created({ body: Buffer.alloc(0) })))?.body).toEqual(Buffer.alloc(0));
});

it('stores neither request nor answer in clear', async () => {
  const call = await created();
  await depart(call, 'run', false);
  const before = await dump();
  await store.settle(call, 'run', { ...answered, response: { ...answered.response, body: Buffer.from('o-secret') } });
  for (const all of [before, await dump()]) expect(all).not.toContain('o-secret');
});

async function dump(): Promise<string> {
  const parts: string[] = [];
  for (const key of await server.redis.keys('*')) {
    const type = await server.redis.type(key);
    const read = {
      hash: () => server.redis.hgetall(key),
      zset: () => server.redis.zrange(key, '0', '-1'),
      string: async () => (await server.redis.getBuffer(key))?.toString('latin1'),
    }[type];
    const value = await read?.();
    parts.push(key, JSON.stringify(value));
  }
  return parts.join('\n');
}

describe('departure', () => {
  it('permits only one run to send what is not safe to repeat', async () => {
    const call = await created();
    expect(await depart(call, 'first', false)).toMatchObject({ go: 'yes', attempts: 1 });
    expect(await depart(call, 'second', false)).toMatchObject({ go: 'claimed' });
    expect(await depart(call, 'first', false)).toMatchObject({ go: 'yes' });
  });
  it('permits another run to send what is safe to repeat', async () => {
    const call = await created();
    await depart(call, 'first', true);
    expect(await depart(call, 'second', true)).toMatchObject({ go: 'yes', attempts: 2 });
  });
  it('is possible again after nothing was sent', async () => {
    const call = await created();
    await depart(call, 'first', false);
    await store.release(call, 'another', 'not-sent');
    expect(await depart(call, 'second', false)).toMatchObject({ go: 'claimed' });
    await store.release(call, 'first', 'token-refused');
    expect(await depart(call, 'second', false)).toMatchObject({ go: 'yes' });
    expect(await store.load(call)).toMatchObject({ refusals: 1 });
  });
  it('ends with the deadline, the outcome, or the record', async () => {
    const call = await created({ departWithinMs: 1 });
    await server.redis.hset(`wx:{wxc:wxa}:call:${call.id}`, 'deadlineAt', '1');
    expect(await depart(call, 'run', true)).toEqual({ go: 'deadline' });
    await store.settle(call, 'run', {
      state: 'failed',
      failure: { code: 'deadline_passed', remedy: 'retry', message: 'm' },
    });
    expect(await depart(call, 'run', true)).toEqual({ go: 'settled' });
    expect(await depart(newCallId('wxc', 'wxa'), 'run', true)).toEqual({ go: 'gone' });
  });
  it('counts quota once each, and none for what may not depart', async () => {
    const call = await created();
    await depart(call, 'first', false);
    await depart(call, 'second', false);
    expect(await ledger.usage(pair, { dailyLimit: 500_000 } as never)).toMatchObject({ used: 1, limit: 500_000 });
  });
  it('waits while the quota is closed, except for one probe', async () => {
    const [call, next] = [await created(), await created()];
    await ledger.close(pair, 'day', Date.now(), {} as never);
    expect(await depart(call, 'run', true)).toMatchObject({ go: 'closed' });
    await server.redis.hset('wx:{wxc:wxa}:quota:/cgi-bin/message/custom/send', 'probeAt', '1');
    expect(await depart(call, 'run', true)).toMatchObject({ go: 'yes', probe: true });
    expect(await depart(next, 'run', true)).toMatchObject({ go: 'closed' });
    await ledger.reopen(pair);
    expect(await depart(next, 'run', true)).toMatchObject({ go: 'yes', probe: false });
  });
  it('that is impossible is reported before a record exists, if a caller waits', async () => {
    await ledger.close(pair, 'day', Date.now(), {} as never);
    const refused = await created().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'quota_closed', remedy: 'slow-down', closedUntil: expect.any(Date) });
    expect(await server.redis.keys('*call*')).toEqual([]);
    expect(await store.find(await created({ waitMs: 0 }))).toMatchObject({ state: 'queued' });
    await server.redis.hset('wx:{wxc:wxa}:quota:/cgi-bin/message/custom/send', 'probeAt', '1');
    expect(await store.find(await created())).toMatchObject({ state: 'queued' });
  });
});

describe('a record that is put for a call that was kept in memory', () => {
  const deadlineAt = Date.now() + 10 * 60_000;
  const known = () => ({
    ...{ createdAt: 1_700_000_000_000, createdMicros: 1_700_000_000_000_123, deadlineAt },
    ...{ attempts: 2, refusals: 1, faults: 0, departedAt: Date.now(), delayMs: 0, sentBy: undefined, events: {} },
  });
  const put = async (change: { sentBy?: string; delayMs?: number } = {}, asked: Partial<CallRequest> = {}) => {
    const call = newCallId('wxc', 'wxa');
    await store.put(call, { ...request, ...asked }, 'gateway-1', { ...known(), ...change });
    return call;
  };

  it('belongs to the run that sent the call', async () => {
    const call = await put({ sentBy: 'run' });
    expect(await store.find(call)).toMatchObject({
      ...{
        state: 'running',
        attempts: 2,
        createdAt: new Date(known().createdAt),
        deadlineAt: new Date(deadlineAt),
      },
    });
    const loaded = (await store.load(call))!;
    expect(loaded).toMatchObject({ departed: true, refusals: 1, replyTo: 'gateway-1', body: request.body });
    expect(loaded.heldMs).toBeGreaterThan(0);
    expect(await depart(call, 'another', false)).toMatchObject({ go: 'claimed' });
    expect(await store.cancel(call)).toBe(false);
    expect(await store.settle(call, 'run', answered)).toBe('stored');
  });
  it('waits for another run, which continues to count, if nothing was sent', async () => {
    const call = await put({ delayMs: 5_000 });
    expect(await store.find(call)).toMatchObject({ state: 'delayed', attempts: 2 });
    expect(await depart(call, 'another', false)).toMatchObject({ go: 'yes', attempts: 3 });
  });
  it('is put once: the first record stays', async () => {
    const call = await put({ sentBy: 'run' });
    await store.settle(call, 'run', answered);
    await store.put(call, request, 'gateway-1', { ...known(), attempts: 7 });
    expect(await store.find(call)).toMatchObject({ state: 'completed', attempts: 2 });
  });
  it('is listed by the time at which the call was created, unless it is in no list', async () => {
    const [listed, unlisted] = [await put(), await put({}, { keptForMs: 1_000 })];
    const scoreOf = ({ id }: CallId) => server.redis.zscore('wx:{wxc:wxa}:calls', id.slice(id.lastIndexOf('.') + 1));
    expect(await scoreOf(listed)).toBe(String(known().createdMicros));
    expect(await scoreOf(unlisted)).toBeNull();
    await store.settle(unlisted, 'run', unknown);
    expect(await scoreOf(unlisted)).toBe(String(known().createdMicros));
    expect(await server.redis.pttl(`wx:{wxc:wxa}:call:${unlisted.id}`)).toBeGreaterThan(1_000);
  });
});

describe('a hold', () => {
  const recordKey = (call: CallId) => `wx:{wxc:wxa}:call:${call.id}`;
  const heldMs = async (call: CallId) => (await store.load(call))!.heldMs;
  const heldUntil = (call: CallId, at: number) => server.redis.hset(recordKey(call), 'heldUntil', String(at));

  it('starts with a departure, and ends with its release', async () => {
    const call = await created();
    await depart(call, 'run', false);
    expect(await heldMs(call)).toBeGreaterThan(0);
    expect(await heldMs(call)).toBeLessThanOrEqual(HELD_MS);
    await store.release(call, 'run', 'not-sent');
    expect(await heldMs(call)).toBe(0);
  });
  it('is renewed for all calls in one batch, each for its own run only, even if Redis has forgotten the script', async () => {
    const [ours, foreign, settled] = [await created(), await created(), await created()];
    for (const call of [ours, settled]) await depart(call, 'run', false);
    await depart(foreign, 'another', false);
    await store.settle(settled, 'run', answered);
    for (const call of [ours, foreign]) await heldUntil(call, 1);
    const gone = newCallId('wxc', 'wxa');
    await server.redis.script('FLUSH');
    await store.renewHolds([gone, foreign, settled, ours].map((call) => ({ call, runId: 'run' })));
    expect(await heldMs(ours)).toBeGreaterThan(0);
    expect(await heldMs(foreign)).toBeLessThan(0);
    expect(await server.redis.exists(recordKey(gone))).toBe(0);
    expect((await store.find(settled))?.state).toBe('completed');
  });
  it('shows another run how long it has to wait before it may give the call up', async () => {
    const call = await created();
    await depart(call, 'run', false);
    const held = await depart(call, 'another', false);
    expect(held).toMatchObject({ go: 'claimed' });
    expect('heldMs' in held && held.heldMs).toBeGreaterThan(0);
    await heldUntil(call, 1);
    const over = await depart(call, 'another', false);
    expect('heldMs' in over && over.heldMs).toBeLessThan(0);
  });
  it('of a process of an earlier version, which does not renew it, counts from the time at which the call was sent', async () => {
    const call = await created();
    await depart(call, 'run', false);
    await server.redis.hdel(recordKey(call), 'heldUntil');
    expect(await heldMs(call)).toBeGreaterThan(0);
    expect(await depart(call, 'another', false)).toMatchObject({
      go: 'claimed',
      heldMs: expect.toSatisfy((ms: number) => ms > 0),
    });
    await server.redis.hset(recordKey(call), 'sentAt', '1');
    expect(await heldMs(call)).toBeLessThan(0);
  });
});

describe('an outcome', () => {
  it('is the first one', async () => {
    const call = await created();
    await depart(call, 'run', false);
    expect(await store.settle(call, 'run', answered)).toBe('stored');
    expect(await store.settle(call, 'another', unknown)).toBe('superseded');
    expect(await store.settle(call, 'run', unknown)).toBe('superseded');
    expect((await store.find(call))?.state).toBe('completed');
  });
  it('that is unknown is replaced by the one of the run that sent the call, and by no other', async () => {
    const call = await created();
    await depart(call, 'run', false);
    expect(await store.settle(call, 'another', unknown)).toBe('stored');
    expect(await store.settle(call, 'a third', answered)).toBe('superseded');
    expect(await store.settle(call, 'run', unknown)).toBe('superseded');
    expect(await store.find(call)).toMatchObject({ state: 'failed', failure: { code: 'outcome_unknown' } });
    const before = (await store.find(call))!.settledAt!;

    expect(await store.settle(call, 'run', answered)).toBe('corrected');
    const found = (await store.find(call))!;
    expect(found).toMatchObject({ state: 'completed', failure: null, response: answered.response });
    expect(found.settledAt!.getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(await store.settle(call, 'run', { state: 'failed', failure: refused })).toBe('superseded');
    expect(await store.find(call)).toEqual(found);
  });
  it('that is unknown is replaced even if a process of an earlier version stored it', async () => {
    const call = await created();
    await depart(call, 'run', false);
    await store.settle(call, 'another', unknown);
    await server.redis.hdel(`wx:{wxc:wxa}:call:${call.id}`, 'settledBy');
    expect(await store.settle(call, 'run', answered)).toBe('corrected');
    expect(await store.find(call)).toMatchObject({ state: 'completed' });
  });
  it.each([
    ['known', (call: CallId) => store.settle(call, 'another', { state: 'failed', failure: refused })],
    ['cancelled', (call: CallId) => store.cancel(call)],
    ['unknown to the run itself', (call: CallId) => store.settle(call, 'run', unknown)],
  ])('that is %s is not replaced', async (_, settle) => {
    const call = await created();
    await depart(call, 'run', false);
    await server.redis.hset(`wx:{wxc:wxa}:call:${call.id}`, 'state', 'queued');
    await settle(call);
    const found = await store.find(call);
    expect(await store.settle(call, 'run', answered)).toBe('superseded');
    expect(await store.find(call)).toEqual(found);
  });
});

describe('a reply to the gateway that waits', () => {
  let listener: RedisClient;
  let messages: Buffer[];
  beforeEach(async () => {
    listener = server.connect();
    messages = [];
    listener.on('messageBuffer', (_, message: Buffer) => messages.push(message));
    await listener.subscribe('wx:replies:gateway-1');
  });
  afterEach(() => listener.disconnect());

  const message = async () => {
    await until('it has arrived', () => messages.length > 0);
    return messages.shift()!;
  };
  const departed = async (change: Partial<CallRequest> = {}) => {
    const call = await created(change);
    await depart(call, 'run', false);
    return call;
  };
  const opened = async (call: CallId) => {
    const { id, outcome } = readReply(await message())!;
    expect(id).toBe(call.id);
    return store.openReply(call, request, outcome!);
  };
  const recorded = async (call: CallId) =>
    withQuota((await store.find(call))!, await ledger.usage(pair, endpointOf(request.method, request.path)));

  it.each([
    ['an answer', answered],
    ['an empty answer', { ...answered, response: { ...answered.response, body: Buffer.alloc(0) } }],
    ['a failure', { state: 'failed', failure: { ...refused, errcode: 40003, rid: 'r"id' } }],
  ] as const)('contains %s as the record has it, with times, attempts and quota', async (_, outcome) => {
    const call = await departed();
    await store.settle(call, 'run', outcome);
    expect(await opened(call)).toEqual(await recorded(call));
    await server.redis.hset('wx:{wxc:wxa}:quota:/cgi-bin/message/custom/send', 'offset', '5');
    const closed = await departed();
    await ledger.close(pair, 'day', Date.now(), {} as never);
    await store.settle(closed, 'run', outcome);
    const { quota, ...reply } = await opened(closed);
    expect(reply).toEqual({ ...(await store.find(closed))! });
    expect(quota).toMatchObject({ used: 7, remaining: 0, closedUntil: expect.any(Date) });
  });

  it('contains nothing of WeChat’s answer in clear, and opens for its own call only', async () => {
    const [call, other] = [await departed(), await departed()];
    const headers = { 'content-type': 'application/json' };
    await store.settle(call, 'run', {
      state: 'completed',
      response: { status: 200, headers, body: Buffer.from('{"nickname":"a-secret-name"}') },
    });
    const bytes = await message();
    expect(bytes.toString('latin1')).not.toContain('a-secret-name');
    const { outcome } = readReply(bytes)!;
    expect(store.openReply(call, request, outcome!).response).toMatchObject({ status: 200, headers });
    expect(() => store.openReply(other, request, outcome!)).toThrow(expect.objectContaining({ code: 'unsealable' }));
  });

  it('contains the outcome that corrects an unknown one', async () => {
    const call = await departed();
    await store.settle(call, 'another', unknown);
    expect(await opened(call)).toMatchObject({ state: 'failed', failure: { code: 'outcome_unknown' } });
    await store.settle(call, 'run', answered);
    expect(await opened(call)).toMatchObject({ state: 'completed', response: answered.response });
  });

  it.each([
    [
      'of a large answer',
      async (call: CallId) => {
        await store.settle(call, 'run', {
          state: 'completed',
          response: { status: 200, headers: {}, body: Buffer.alloc(9_000, 'x') },
        });
      },
    ],
    [
      'of a cancellation',
      async (call: CallId) => {
        await store.release(call, 'run', 'not-sent');
        await store.cancel(call);
      },
    ],
    [
      'to a gateway of an earlier version',
      async (call: CallId) => {
        await server.redis.hdel(`wx:{wxc:wxa}:call:${call.id}`, 'replyFormat');
        await store.settle(call, 'run', answered);
      },
    ],
  ])('%s is the id of the call', async (_, settle) => {
    const call = await departed();
    await settle(call);
    const bytes = await message();
    expect(bytes.toString()).toBe(call.id);
    expect(readReply(bytes)).toEqual({ id: call.id });
  });

  it('of a later version that this one cannot read is no reply', () => {
    for (const text of ['{', '{}\n', '{"id":7}\nx', '{"id":"wxc.wxa.x"}\n', 'null']) {
      expect(readReply(Buffer.from(text))?.outcome).toBeUndefined();
    }
  });
});

describe('the first departure of a call', () => {
  const expected = { method: 'POST', path: pair.path };
  const quota = () => ledger.scriptArgs(pair, {} as never);
  const take = (call: CallId, run = 'run', what = expected) => store.loadAndDepart(call, run, what, quota());
  const used = async () => (await ledger.usage(pair, { dailyLimit: undefined } as never)).used;

  it('takes one round trip together with the record, which is read as it was before', async () => {
    const call = await created();
    const before = await store.load(call);
    await server.redis.config('RESETSTAT');
    const taken = (await take(call))!;
    expect(taken.stored).toEqual({ ...before, now: expect.any(Number), waitedMs: expect.any(Number) });
    expect(taken.departure).toMatchObject({ go: 'yes', probe: false, attempts: 1, departedAt: taken.stored.now });
    expect(await server.redis.info('commandstats')).toMatch(/cmdstat_eval(sha)?:calls=1,/);
    expect(await used()).toBe(1);
    expect(await store.load(call)).toMatchObject({ departed: true, attempts: 1 });
    expect(await depart(call, 'another', false)).toMatchObject({ go: 'claimed' });
    expect(await store.settle(call, 'run', answered)).toBe('stored');
  });

  it('is repeated by its own run, whose reply was lost, and by no other', async () => {
    const call = await created();
    await take(call);
    const again = (await take(call))!;
    expect(again).toMatchObject({ departure: { go: 'yes', attempts: 2 }, stored: { departed: false, heldMs: 0 } });
    const other = (await take(call, 'another'))!;
    expect(other).toMatchObject({ departure: undefined, stored: { departed: true, attempts: 2 } });
    expect(other.stored.heldMs).toBeGreaterThan(0);
    expect(await used()).toBe(2);
  });

  it('does not happen for a call that is not the expected one, has departed before, or has settled', async () => {
    const call = await created();
    for (const what of [
      { ...expected, method: 'GET' },
      { ...expected, path: '/cgi-bin/user/info' },
    ]) {
      expect(await take(call, 'run', what)).toMatchObject({ departure: undefined, stored: { method: 'POST' } });
    }
    expect(await used()).toBe(0);
    await depart(call, 'first', false);
    await store.release(call, 'first', 'not-sent');
    expect(await take(call)).toMatchObject({ departure: undefined, stored: { departed: false, attempts: 1 } });
    await store.settle(call, 'run', answered);
    expect(await take(call)).toMatchObject({ departure: undefined, stored: { settled: true } });
    expect(await take(newCallId('wxc', 'wxa'))).toBeUndefined();
    expect(await used()).toBe(1);
  });

  it('ends with the deadline, and with a closed quota', async () => {
    const [late, closed] = [await created(), await created()];
    await server.redis.hset(`wx:{wxc:wxa}:call:${late.id}`, 'deadlineAt', '1');
    expect(await take(late)).toMatchObject({ departure: { go: 'deadline' }, stored: { attempts: 0 } });
    await ledger.close(pair, 'day', Date.now(), {} as never);
    expect(await take(closed)).toMatchObject({ departure: { go: 'closed', closedUntil: expect.any(Date) } });
    expect(await used()).toBe(0);
    expect(await store.find(closed)).toMatchObject({ state: 'queued', attempts: 0 });
  });
});

describe('the results of an account', () => {
  const MB = 1024 * 1024;
  const RESULTS = 'wx:{wxc:wxa}:calls:results';
  const outcome = (bytes: number) =>
    ({ state: 'completed', response: { status: 200, headers: {}, body: Buffer.alloc(bytes, 'x') } }) as const;
  const settled = async (bytes: number, change: Partial<CallRequest> = { waitMs: 0 }): Promise<CallId> => {
    const call = await created(change);
    expect(await store.settle(call, 'run', outcome(bytes))).toBe('stored');
    return call;
  };
  const isKept = async (call: CallId) => {
    const found = await store.find(call);
    expect(found).toMatchObject({ state: 'completed', failure: null });
    return found!.response !== null;
  };
  const sum = async () => Number((await server.redis.get(`${RESULTS}:sum`)) ?? 0);
  /** Results of calls that this test does not create, as scripts have noted them. */
  const noted = async (count: number, bytes: number, endsAt: number, droppableFrom = 1): Promise<void> => {
    const entries = Array.from({ length: count }, (_, i) => `call${i} ${bytes}`);
    await server.redis.zadd(RESULTS, ...entries.flatMap((entry) => [endsAt, entry]));
    await server.redis.zadd(`${RESULTS}:age`, ...entries.flatMap((entry) => [droppableFrom, entry]));
    await server.redis.incrby(`${RESULTS}:sum`, count * bytes);
    await server.redis.mset(...entries.flatMap((_, i) => [resultKey(i), 'sealed']));
  };
  const resultKey = (i: number) => `wx:{wxc:wxa}:call:wxc.wxa.call${i}:result`;
  const later = () => Date.now() + 3_600_000;

  it('have 256 MB: beyond that the oldest are no longer kept, which their calls show', async () => {
    const other = newCallId('wxc', 'wxb');
    await store.create(other, { ...request, appid: 'wxb', waitMs: 0 }, 'g');
    await store.settle(other, 'run', outcome(20 * MB));
    const calls = [];
    for (let i = 0; i < 14; i++) calls.push(await settled(20 * MB));
    expect(await Promise.all(calls.map(isKept))).toEqual(calls.map((_, i) => i >= 2));
    expect(await store.find(calls[0]!)).toMatchObject({ state: 'completed', response: null });
    expect(await store.findUpTo(calls[0]!, MB)).toMatchObject({ call: { response: null }, omittedBytes: undefined });
    expect(await store.findUpTo(calls[13]!, MB)).toMatchObject({ call: { response: { status: 200 } } });
    expect(await isKept(other)).toBe(true);
    const bytes = await Promise.all(calls.map(({ id }) => server.redis.strlen(`wx:{wxc:wxa}:call:${id}:result`)));
    expect(await sum()).toBe(bytes.reduce((all, one) => all + one));
    expect(await sum()).toBeLessThanOrEqual(256 * MB);
  });

  it('are kept, however large, while a gateway may still have to read them', async () => {
    await noted(1, 230 * MB, later(), later());
    const oldest = await settled(MB);
    const before = Date.now();
    const waitedFor = await settled(20 * MB, {});
    const entries = await server.redis.zrange(`${RESULTS}:age`, '0', '-1');
    const entry = entries.find((one) => one.startsWith(`${waitedFor.id.split('.')[2]} `))!;
    expect(Number(await server.redis.zscore(`${RESULTS}:age`, entry))).toBeGreaterThan(before + 9_000);
    // However long the next steps take here.
    await server.redis.zadd(`${RESULTS}:age`, 'XX', later(), entry);
    const background = [await settled(10 * MB), await settled(10 * MB)];
    expect(await Promise.all([oldest, waitedFor, ...background].map(isKept))).toEqual([false, true, false, true]);

    // As if its time had passed.
    await server.redis.zadd(`${RESULTS}:age`, 'XX', 1, entry);
    await settled(2_000);
    expect(await Promise.all([waitedFor, background[1]!].map(isKept))).toEqual([false, true]);
  });

  it('are dropped in bounded steps, but as far as necessary', async () => {
    await noted(2_500, 200_000, later());
    await server.redis.config('RESETSTAT');
    const newest = await settled(2_000);
    const dropped = Math.ceil((2_500 * 200_000 - 256 * MB) / 200_000);
    expect(await server.redis.zcard(RESULTS)).toBe(2_501 - dropped);
    expect(await server.redis.zcard(`${RESULTS}:age`)).toBe(2_501 - dropped);
    const keys = Array.from({ length: 2_500 }, (_, i) => resultKey(i));
    expect(await server.redis.exists(...keys)).toBe(2_500 - dropped);
    expect(await sum()).toBeLessThanOrEqual(256 * MB);
    expect(await isKept(newest)).toBe(true);
    // A thousand by the script that stored the newest one, the others by the next script.
    expect(dropped).toBeGreaterThan(1_000);
    expect(await server.redis.info('commandstats')).toContain('cmdstat_unlink:calls=2,');
  });

  it('are subtracted when they expire, before anything is dropped for them', async () => {
    const kept = await settled(20 * MB);
    await noted(2_500, 200_000, 1);
    const newest = await settled(2_000);
    expect(await Promise.all([kept, newest].map(isKept))).toEqual([true, true]);
    expect(await server.redis.zcard(RESULTS)).toBe(2);
    expect(await server.redis.zcard(`${RESULTS}:age`)).toBe(2);

    const brief = await settled(5_000, { keptForMs: 1 });
    await until('it has expired', async () => (await store.find(brief)) === undefined);
    const before = await sum();
    await settled(2_000);
    expect(await sum()).toBeLessThan(before - 2_500);
    expect(await server.redis.zcard(RESULTS)).toBe(3);
    for (const key of [RESULTS, `${RESULTS}:age`, `${RESULTS}:sum`]) {
      expect(await server.redis.pttl(key)).toBeGreaterThan(0);
    }
  });

  it('count once, even if an outcome is corrected or stored again, and small ones do not count', async () => {
    const small = await settled(900);
    expect(await server.redis.keys('*results*')).toEqual([]);
    const call = await created();
    await depart(call, 'run', false);
    expect(await store.settle(call, 'another', unknown)).toBe('stored');
    expect(await sum()).toBe(0);
    expect(await store.settle(call, 'run', outcome(5_000))).toBe('corrected');
    const once = await server.redis.strlen(`wx:{wxc:wxa}:call:${call.id}:result`);
    expect(await sum()).toBe(once);
    expect(await store.settle(call, 'run', outcome(5_000))).toBe('superseded');
    expect(await sum()).toBe(once);
    expect(await server.redis.zcard(RESULTS)).toBe(1);
    expect(await Promise.all([small, call].map(isKept))).toEqual([true, true]);
  });

  it('that are empty are kept as well', async () => {
    expect((await store.find(await settled(0)))?.response?.body).toEqual(Buffer.alloc(0));
  });
});
