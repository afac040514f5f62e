import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Ledger } from '../quota/ledger.ts';
import { Seals } from '../redis/sealed.ts';
import type { CallRequest } from './call.ts';
import { type CallId, newCallId, parseCallId } from './call-id.ts';
import { CallStore } from './call-store.ts';

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
const depart = (call: CallId, run: string, safe: boolean) => store.depart(call, run, safe, ledger.keysOf(pair));
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
  expect(await store.settle(call, answered)).toBe(true);
  const found = await store.find(call);
  expect(found).toMatchObject({ state: 'completed', attempts: 1 });
  expect(found?.response?.body).toEqual(Buffer.from([0, 255, 10]));
});

it('tells an absent body from an empty one', async () => {
  const { body: _, ...without } = request;
  const call = newCallId('wxc', 'wxa');
  await store.create(call, without, 'g');
  expect((await store.load(call))?.body).toBeUndefined();
  expect((await store.load(await created({ body: Buffer.alloc(0) })))?.body).toEqual(Buffer.alloc(0));
});

it('keeps neither request nor answer in clear', async () => {
  const call = await created();
  await depart(call, 'run', false);
  const before = await dump();
  await store.settle(call, { ...answered, response: { ...answered.response, body: Buffer.from('o-secret') } });
  for (const all of [before, await dump()]) expect(all).not.toContain('o-secret');
});

async function dump(): Promise<string> {
  const parts: string[] = [];
  for (const key of await server.redis.keys('*')) {
    const type = await server.redis.type(key);
    const value =
      type === 'hash' ? await server.redis.hgetall(key) : (await server.redis.getBuffer(key))?.toString('latin1');
    parts.push(key, JSON.stringify(value));
  }
  return parts.join('\n');
}

describe('departure', () => {
  it('lets only one run send what is not safe to repeat', async () => {
    const call = await created();
    expect(await depart(call, 'first', false)).toMatchObject({ go: 'yes', attempts: 1 });
    expect(await depart(call, 'second', false)).toEqual({ go: 'claimed' });
    expect(await depart(call, 'first', false)).toMatchObject({ go: 'yes' });
  });
  it('lets another run send what is safe', async () => {
    const call = await created();
    await depart(call, 'first', true);
    expect(await depart(call, 'second', true)).toMatchObject({ go: 'yes', attempts: 2 });
  });
  it('is free again once nothing was sent', async () => {
    const call = await created();
    await depart(call, 'first', false);
    await store.release(call, 'another', 'not-sent');
    expect(await depart(call, 'second', false)).toEqual({ go: 'claimed' });
    await store.release(call, 'first', 'token-refused');
    expect(await depart(call, 'second', false)).toMatchObject({ go: 'yes' });
    expect(await store.load(call)).toMatchObject({ refusals: 1 });
  });
  it('ends with the deadline, the outcome, or the record', async () => {
    const call = await created({ departWithinMs: 1 });
    await server.redis.hset(`wx:{wxc:wxa}:call:${call.id}`, 'deadlineAt', '1');
    expect(await depart(call, 'run', true)).toEqual({ go: 'deadline' });
    await store.settle(call, { state: 'failed', failure: { code: 'deadline_passed', remedy: 'retry', message: 'm' } });
    expect(await depart(call, 'run', true)).toEqual({ go: 'settled' });
    expect(await depart(newCallId('wxc', 'wxa'), 'run', true)).toEqual({ go: 'gone' });
  });
  it('counts quota once each, and none for what may not leave', async () => {
    const call = await created();
    await depart(call, 'first', false);
    await depart(call, 'second', false);
    expect(await ledger.usage(pair, { dailyLimit: 500_000 } as never)).toMatchObject({ used: 1, limit: 500_000 });
  });
  it('waits while the quota is closed, but for one probe', async () => {
    const call = await created();
    await ledger.close(pair, 'day', Date.now());
    expect(await depart(call, 'run', true)).toMatchObject({ go: 'closed' });
    await expect(ledger.refuseIfClosed(pair)).rejects.toMatchObject({ code: 'quota_closed' });
    await server.redis.hset('wx:{wxc:wxa}:closed:/cgi-bin/message/custom/send', 'probeAt', '1');
    await ledger.refuseIfClosed(pair);
    expect(await depart(call, 'run', true)).toMatchObject({ go: 'yes', probe: true });
    expect(await depart(await created(), 'run', true)).toMatchObject({ go: 'closed' });
    await ledger.reopen(pair);
    expect(await depart(await created(), 'run', true)).toMatchObject({ go: 'yes', probe: false });
  });
});

describe('an outcome', () => {
  it('is the first one', async () => {
    const call = await created();
    await depart(call, 'run', false);
    expect(await store.settle(call, answered)).toBe(true);
    const late = { state: 'failed', failure: { code: 'outcome_unknown', remedy: 'operator', message: 'm' } } as const;
    expect(await store.settle(call, late)).toBe(false);
    expect((await store.find(call))?.state).toBe('completed');
  });
  it('is announced to the gateway that waits', async () => {
    const listener = server.redis.duplicate();
    const heard = new Promise((resolve) => listener.on('message', (_, message) => resolve(message)));
    await listener.subscribe('wx:replies:gateway-1');
    const call = await created();
    await store.settle(call, answered);
    expect(await heard).toBe(call.id);
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

it('gives ids that lead back to their owner, and takes no others', () => {
  const call = newCallId('wxc', 'wxa');
  expect(parseCallId(call.id)).toEqual(call);
  for (const made of ['', 'x', 'a.b.c', `${call.id}x`, `${call.id}:1`, '{a}.b.1234567890123456789012']) {
    expect(parseCallId(made)).toBeUndefined();
  }
});
