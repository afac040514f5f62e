import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { Ledger } from '../quota/ledger.ts';
import { usageOf } from '../quota/usage.ts';
import { Seals } from '../sealing/seals.ts';
import type { CallRequest } from './call.ts';
import { type CallId, newCallId, parseCallId } from './call-id.ts';
import { CallIndex } from './call-index.ts';
import { HELD_MS } from './call-record.ts';
import { CallStore } from './call-store.ts';
import type { DepartedAtOnce } from './create-call.ts';
import { fingerprintOf } from './idempotency.ts';

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

describe('a call that departs when it is created', () => {
  const make = (change: Partial<CallRequest> = {}) => {
    const call = newCallId('wxc', 'wxa');
    return {
      call,
      made: store.create(call, { ...request, ...change }, 'gateway-1', {
        runId: 'run',
        quota: ledger.scriptArgs(pair, {} as never),
      }),
    };
  };

  it('is claimed and counted, and equals one that was created, loaded and departed', async () => {
    const { call, made } = make();
    const { stored, departure } = (await made) as DepartedAtOnce;
    const loaded = (await store.load(call))!;
    expect(stored).toEqual({ ...loaded, now: stored.now, heldMs: 0, departed: undefined });
    expect(loaded.heldMs).toBeGreaterThan(0);
    expect(departure).toMatchObject({ go: 'yes', probe: false, attempts: 1, departedAt: stored.now });
    expect(await ledger.usage(pair, {} as never)).toMatchObject({ used: 1 });
    expect(await store.find(call)).toMatchObject({ state: 'running', attempts: 1 });
    expect(await depart(call, 'another', false)).toMatchObject({ go: 'claimed' });
    expect(await store.cancel(call)).toBe(false);
  });
  it('does not depart if its quota is closed, its deadline has passed, or its idempotency key is taken', async () => {
    await server.redis.flushall();
    await ledger.close(pair, 'minute', Date.now(), {} as never);
    await expect(make().made).rejects.toMatchObject({ code: 'quota_closed' });
    await ledger.reopen(pair);
    expect(await make({ deadlineAt: new Date(1) }).made).toBe('made');
    await make({ idempotencyKey: 'k' }).made;
    expect(await make({ idempotencyKey: 'k' }).made).toMatchObject({ claim: { background: false } });
    expect(await ledger.usage(pair, {} as never)).toMatchObject({ used: 1 });
  });
  it('is the only probe of a closed day', async () => {
    await ledger.close(pair, 'day', Date.now(), {} as never);
    await server.redis.hset('wx:{wxc:wxa}:quota:/cgi-bin/message/custom/send', 'probeAt', '1');
    expect(await make().made).toMatchObject({ departure: { probe: true } });
    await expect(make().made).rejects.toMatchObject({ code: 'quota_closed' });
  });
});

describe('a hold', () => {
  const recordKey = (call: CallId) => `wx:{wxc:wxa}:call:${call.id}`;
  const heldMs = async (call: CallId) => (await store.load(call))!.heldMs;
  const heldUntil = (call: CallId, at: number) => server.redis.hset(recordKey(call), 'heldUntil', String(at));

  it.each([
    [
      'of its own',
      async () => {
        const call = await created();
        await depart(call, 'run', false);
        return call;
      },
    ],
    [
      'at its creation',
      async () => {
        const call = newCallId('wxc', 'wxa');
        const quota = ledger.scriptArgs(pair, {} as never);
        await store.create(call, request, 'gateway-1', { runId: 'run', quota });
        return call;
      },
    ],
  ])('starts with a departure %s, and ends with its release', async (_, departed) => {
    const call = await departed();
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
  it('that is unknown is replaced even if a process of an earlier version stored it, or the caller waits locally', async () => {
    const call = await created();
    await depart(call, 'run', false);
    await store.settle(call, 'another', unknown);
    await server.redis.hdel(`wx:{wxc:wxa}:call:${call.id}`, 'settledBy');
    const { quota: quotaKey } = ledger.scriptKeys(pair);
    const settled = await store.settleLocally(call, 'run', answered, quotaKey);
    expect(settled).toMatchObject({ how: 'corrected', call: { state: 'completed' } });
    expect(settled!.call).toEqual(await store.find(call));
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
  it('is announced to the gateway that waits', async () => {
    const listener = server.redis.duplicate();
    const received = new Promise((resolve) => listener.on('message', (_, message) => resolve(message)));
    await listener.subscribe('wx:replies:gateway-1');
    const call = await created();
    await store.settle(call, 'run', answered);
    expect(await received).toBe(call.id);
    listener.disconnect();
  });
  it('is returned to the run that stores it for a local waiter, as a reader would find it, and is not published', async () => {
    const call = await created();
    const listener = server.redis.duplicate();
    const received: string[] = [];
    listener.on('message', (_, message) => received.push(message));
    await listener.subscribe('wx:replies:gateway-1');
    await depart(call, 'run', false);
    const { quota: quotaKey } = ledger.scriptKeys(pair);
    const settled = (await store.settleLocally(call, 'run', answered, quotaKey))!;
    expect(settled).toMatchObject({ how: 'stored' });
    expect(settled.call).toEqual(await store.find(call));
    expect(settled.call).toMatchObject({ state: 'completed', response: answered.response });
    const endpoint = { dailyLimit: 500_000 } as never;
    expect({ ...usageOf(settled.quota, settled.now, endpoint), now: 0 }).toEqual({
      ...(await ledger.usage(pair, endpoint)),
      now: 0,
    });
    expect(await store.settleLocally(call, 'run', answered, quotaKey)).toBeUndefined();
    await server.redis.publish('wx:replies:gateway-1', 'the end');
    await until('the end has arrived', () => received.length > 0);
    expect(received).toEqual(['the end']);
    listener.disconnect();
  });
  it('of a cancelled call stays: it never departs', async () => {
    const call = await created();
    expect(await store.cancel(call)).toBe(true);
    expect(await depart(call, 'run', true)).toEqual({ go: 'settled' });
    expect((await store.find(call))?.state).toBe('cancelled');
  });
  it('cannot be cancelled once it has departed', async () => {
    const call = await created();
    await depart(call, 'run', true);
    expect(await store.cancel(call)).toBe(false);
  });
});

it.each<[caller: string, change: Partial<CallRequest>, minutes: number]>([
  ['an interactive call', {}, 15],
  ['a background call', { waitMs: 0 }, 24 * 60],
  ['a call with a callback', { callbackUrl: 'https://business.example/hook' }, 24 * 60],
  ['a call of an SDK, which does not receive its id', { keptForMs: 120_000 }, 2],
])('the outcome of %s has its TTL', async (_caller, change, minutes) => {
  const call = await created(change);
  await store.settle(call, 'run', answered);
  const names = (await server.redis.keys(`*${call.id}*`)).filter((key) => !key.endsWith(':request'));
  expect(names.length).toBeGreaterThanOrEqual(2);
  for (const name of names) {
    const left = await server.redis.pttl(name);
    expect(left, name).toBeGreaterThan(minutes * 60_000 - 10_000);
    expect(left, name).toBeLessThanOrEqual(minutes * 60_000);
  }
});

it('is released for a run that repeats its request because the reply was lost, and for no other', async () => {
  const call = await created();
  await depart(call, 'run', false);
  expect(await store.release(call, 'another', 'token-refused')).toBe(false);
  for (let times = 0; times < 2; times++) expect(await store.release(call, 'run', 'token-refused')).toBe(true);
  expect(await store.load(call)).toMatchObject({ departed: false, refusals: 1 });
  expect(await depart(call, 'another', false)).toMatchObject({ go: 'yes' });
  expect(await store.release(call, 'run', 'token-refused')).toBe(false);
});

it('a call that may have been sent is reported as claimed, even after its deadline', async () => {
  const call = await created();
  expect(await depart(call, 'a run that died', false)).toMatchObject({ go: 'yes' });
  await server.redis.hset(`wx:{wxc:wxa}:call:${call.id}`, 'deadlineAt', '1');
  expect(await store.load(call)).toMatchObject({ departed: true });
  expect(await depart(call, 'another', false)).toMatchObject({ go: 'claimed' });
  // A call that is safe to repeat is only late.
  expect(await depart(call, 'another', true)).toEqual({ go: 'deadline' });
  expect(await store.load(await created())).toMatchObject({ departed: false });
});

describe('an idempotency key', () => {
  const under = (change: Partial<CallRequest> = {}) =>
    store.create(newCallId('wxc', 'wxa'), { ...request, idempotencyKey: 'order-4711', ...change }, 'g');

  it('belongs to the first call, however many arrive at once', async () => {
    const created = await Promise.all(Array.from({ length: 20 }, () => under()));
    const claims = created.flatMap((one) => (typeof one === 'object' && 'claim' in one ? [one.claim.id] : []));
    expect(claims).toHaveLength(19);
    expect(new Set(claims).size).toBe(1);
    expect(await store.claimed('wxc', 'wxa', 'order-4711')).toMatchObject({ id: claims[0], background: false });
    expect(await store.claimed('wxc', 'wxb', 'order-4711')).toBeUndefined();
  });
  it('detects another body, and ignores how long the caller waits', async () => {
    await under();
    const print = async (change: Partial<CallRequest>) => {
      const created = await under(change);
      return typeof created === 'object' && 'claim' in created
        ? created.claim.fingerprint === fingerprintOf({ ...request, ...change }, 'order-4711')
        : 'made';
    };
    expect(await print({})).toBe(true);
    expect(await print({ waitMs: 1 })).toBe(true);
    expect(await print({ body: Buffer.from('{"touser":"another"}') })).toBe(false);
    expect(await print({ deadlineAt: new Date(Date.now() + 1_000) })).toBe(false);
  });
  it('has the TTL of its call, and is not stored in clear', async () => {
    await under({ callbackUrl: 'https://business.example/hook?key=hidden' });
    const spread = async () => {
      const names = (await server.redis.keys('*')).filter((key) => /:call:|idempotency/.test(key));
      const ends = await Promise.all(names.map((key) => server.redis.pttl(key)));
      expect(ends.length).toBeGreaterThan(2);
      return Math.max(...ends) - Math.min(...ends);
    };
    expect(await spread()).toBeLessThan(1_000);
    const before = await dump();
    const claim = (await store.claimed('wxc', 'wxa', 'order-4711'))!;
    await store.settle(parseCallId(claim.id)!, 'run', answered);
    expect(await spread()).toBeLessThan(1_000);
    for (const all of [before, await dump()]) {
      expect(all).not.toContain('order-4711');
      expect(all).not.toContain('hidden');
    }
    expect(await store.callbackUrl(parseCallId(claim.id)!)).toBe('https://business.example/hook?key=hidden');
  });
});

describe('the index', () => {
  const index = () => new CallIndex(server.redis);
  const read = async (limit: number, more: object = {}) =>
    (await index().read('wxc', 'wxa', { limit, ...more })).map(({ call }) => call);

  it('has the newest first, page by page', async () => {
    const made: string[] = [];
    for (let i = 0; i < 7; i++) made.unshift((await created()).id.split('.')[2]!);
    expect(await read(10)).toEqual(made);
    const paged: string[] = [];
    let before: Awaited<ReturnType<CallIndex['read']>>[number] | undefined;
    for (;;) {
      const page = await index().read('wxc', 'wxa', { limit: 3, before });
      if (page.length === 0) break;
      paged.push(...page.map(({ call }) => call));
      before = page.at(-1);
    }
    expect(paged).toEqual(made);
    expect(await read(10, { since: new Date(Date.now() + 60_000) })).toEqual([]);
  });
  it('drops calls whose record has expired, and never contains calls of SDKs, whose id no caller has', async () => {
    await created({ keptForMs: 1_000 });
    expect(await read(10)).toEqual([]);
    const [ended, kept] = [await created(), await created()];
    await server.redis.zadd('wx:{wxc:wxa}:calls:ends', 1, ended.id.split('.')[2]!);
    const last = await created();
    expect(await read(10)).toEqual([last, kept].map(({ id }) => id.split('.')[2]));
  });
});

it('creates ids that lead back to their owner, and accepts no others', () => {
  const call = newCallId('wxc', 'wxa');
  expect(parseCallId(call.id)).toEqual(call);
  for (const made of ['', 'x', 'a.b.c', `${call.id}x`, `${call.id}:1`, '{a}.b.1234567890123456789012']) {
    expect(parseCallId(made)).toBeUndefined();
  }
});

describe('the bodies of background calls', () => {
  const big = (bytes: number) => ({ ...request, waitMs: 0, body: Buffer.alloc(bytes, 'x') });
  const sum = async () => Number((await server.redis.get('wx:{wxc:wxa}:calls:bodies:sum')) ?? 0);

  it('of one account have 256 MB, whatever capacity there is otherwise', async () => {
    const MB = 1024 * 1024;
    const made = [];
    for (let i = 0; i < 12; i++) {
      const call = newCallId('wxc', 'wxa');
      expect(await store.create(call, big(20 * MB), 'g')).toBe('made');
      made.push(call);
    }
    expect(await store.create(newCallId('wxc', 'wxa'), big(20 * MB), 'g')).toBe('full');
    // Those of other accounts, small ones, and those of interactive calls have their own limits.
    expect(await store.create(newCallId('wxc', 'wxb'), big(20 * MB), 'g')).toBe('made');
    expect(await store.create(newCallId('wxc', 'wxa'), big(900), 'g')).toBe('made');
    expect(await store.create(newCallId('wxc', 'wxa'), { ...big(20 * MB), waitMs: 1 }, 'g')).toBe('made');
    await store.cancel(made[0]!);
    expect(await store.create(newCallId('wxc', 'wxa'), big(20 * MB), 'g')).toBe('made');
  });

  it('of calls that expired long ago are removed in bounded steps, and refuse no call for which there is capacity', async () => {
    const key = 'wx:{wxc:wxa}:calls:bodies';
    const ended = Array.from({ length: 2_500 }, (_, i) => `call${i} 2000`);
    await server.redis.zadd(key, ...ended.flatMap((entry) => ['1', entry]));
    await server.redis.set(`${key}:sum`, ended.length * 2_000);
    const make = () => store.create(newCallId('wxc', 'wxa'), big(5_000), 'g');
    expect(await make()).toBe('made');
    expect(await server.redis.zcard(key)).toBe(1_501);
    // As if only the last of them made the difference.
    await server.redis.set(`${key}:sum`, 256 * 1024 * 1024 + 1_000 * 2_000);
    expect(await make()).toBe('made');
    expect(await server.redis.zcard(key)).toBe(2);
  });

  it('are subtracted once, however the call ends', async () => {
    const ends: ((call: CallId) => Promise<unknown>)[] = [
      async (call) => {
        await depart(call, 'run', false);
        return (await store.settle(call, 'run', answered)) === 'stored';
      },
      (call) => store.cancel(call),
      (call) => store.withdraw(call),
    ];
    for (const end of ends) {
      const call = newCallId('wxc', 'wxa');
      await store.create(call, big(5_000), 'g');
      expect(await sum()).toBeGreaterThan(5_000);
      const other = newCallId('wxc', 'wxa');
      await store.create(other, big(2_000), 'g');
      const both = await sum();
      expect(await end(call)).toBe(true);
      const one = await sum();
      expect(one).toBeLessThan(both - 5_000);
      expect(await end(call)).toBe(false);
      expect(await sum()).toBe(one);
      await end(other);
      expect(await sum()).toBe(0);
    }
    expect(await server.redis.keys('*bodies*')).toEqual([]);
  });

  it('are subtracted, too, if the record expires before a worker runs the call', async () => {
    const gone = newCallId('wxc', 'wxa');
    await store.create(gone, { ...big(5_000), deadlineAt: new Date(Date.now() + 20), keptForMs: 1 }, 'g');
    await store.create(newCallId('wxc', 'wxa'), big(2_000), 'g');
    const both = await sum();
    await until('it is gone', async () => (await store.state(gone)) === undefined);
    await store.create(newCallId('wxc', 'wxa'), big(2_000), 'g');
    expect(await sum()).toBeLessThan(both);
    expect(await server.redis.zcard('wx:{wxc:wxa}:calls:bodies')).toBe(2);
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
  const settledLocally = async (bytes: number): Promise<CallId> => {
    const call = await created();
    await depart(call, 'run', false);
    const { quota: quotaKey } = ledger.scriptKeys(pair);
    expect(await store.settleLocally(call, 'run', outcome(bytes), quotaKey)).toMatchObject({
      call: { response: { body: expect.any(Buffer) } },
    });
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
    const quiet = await settledLocally(MB);
    const waitedFor = await settled(20 * MB, {});
    const background = [await settled(10 * MB), await settled(10 * MB)];
    expect(await Promise.all([quiet, waitedFor, ...background].map(isKept))).toEqual([false, true, false, true]);

    // As if its time had passed.
    const entries = await server.redis.zrange(`${RESULTS}:age`, '0', '-1');
    const entry = entries.find((one) => one.startsWith(`${waitedFor.id.split('.')[2]} `))!;
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
