import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Ledger } from '../quota/ledger.ts';
import { Seals } from '../sealing/seals.ts';
import type { CallRequest } from './call.ts';
import { type CallId, newCallId } from './call-id.ts';
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
  ...{ appid: 'wxa', method: 'POST', path: pair.path, query: [], waitMs: 0, departWithinMs: 60_000, keyId: 'crm' },
  contentType: 'application/json',
  body: Buffer.from('{"touser":"o-secret","text":{"content":"你好"}}'),
};
const completed = {
  state: 'completed',
  ...{ errcode: 0, rid: '61725984-6126f6f9-040f19c4' },
  response: { status: 200, headers: { 'content-type': 'application/json; encoding=utf-8' }, body: Buffer.from('{}') },
} as const;

async function created(change: Partial<CallRequest> = {}): Promise<CallId> {
  const call = newCallId('wxc', 'wxa');
  await store.create(call, { ...request, ...change }, 'gateway-1');
  return call;
}
const depart = (call: CallId, run: string, tokenMs = 0) =>
  store.depart(call, run, true, ledger.scriptArgs(pair, {} as never), tokenMs);
const recordKey = ({ id }: CallId) => `wx:{wxc:wxa}:call:${id}`;
const eventsOf = async (call: CallId) =>
  (await store.history(call))!.timeline!.map(({ event, attempt }) =>
    attempt === null ? event : `${event} ${attempt}`,
  );

it('the scripts that change a call record what happened to it', async () => {
  const call = await created({ orderKey: 'k' });
  await store.delay(call, 500, 'token');
  await depart(call, 'first', 40);
  const result = { ms: 12.4, status: 200, errcode: 40_001, rid: '61725984-6126f6f9-040f19c4' };
  await store.release(call, 'first', 'token-refused', { result, retry: { reason: 'token_refused', afterMs: 0 } });
  await depart(call, 'first');
  await store.settle(call, 'first', completed, { ms: 30 });
  await store.noteCallback(call, 'failed', undefined);
  await store.noteCallback(call, 'delivered', 204);

  const { call: found, timeline } = (await store.history(call))!;
  expect(found.keyId).toBe('crm');
  const inOrder = timeline!.filter(({ event }) => event !== 'token_waited');
  expect(timeline!.find(({ event }) => event === 'token_waited')).toMatchObject({ attempt: 1, detail: { ms: 40 } });
  expect(inOrder).toMatchObject([
    { event: 'received', detail: { kind: 'background', orderKey: true } },
    { event: 'queued' },
    { event: 'parked', detail: { reason: 'token' } },
    { event: 'sent', attempt: 1, detail: { quota: { used: 1 } } },
    { event: 'answered', attempt: 1, detail: { ms: 12, errcode: 40_001 } },
    { event: 'retried', attempt: 1, detail: { reason: 'token_refused' } },
    { event: 'sent', attempt: 2, detail: { quota: { used: 2 } } },
    { event: 'answered', attempt: 2, detail: { ms: 30, status: 200, errcode: 0 } },
    { event: 'settled', detail: { state: 'completed' } },
    { event: 'callback', detail: { result: 'failed', status: null } },
    { event: 'callback', detail: { result: 'delivered', status: 204 } },
  ]);
});

it('a callback to a call whose record has expired records nothing', async () => {
  const call = newCallId('wxc', 'wxa');
  await store.noteCallback(call, 'delivered', 204);
  expect(await server.redis.exists(recordKey(call))).toBe(0);
});

it('a call that waits for the same again and again has one event of it, with the latest end', async () => {
  const call = await created();
  for (const forMs of [500, 500, 60_000]) await store.delay(call, forMs, 'token');
  await store.delay(call, 1_000, 'quota');
  const events = (await store.history(call))!.timeline!.slice(2);
  expect(events).toMatchObject([
    { event: 'parked', detail: { reason: 'token' } },
    { event: 'parked', detail: { reason: 'quota' } },
  ]);
  const [first] = events;
  expect(first?.event === 'parked' && first.detail.until.getTime() - first.at.getTime()).toBeGreaterThanOrEqual(60_000);
});

it('of very many events the first and the newest remain', async () => {
  const call = await created();
  for (let n = 1; n <= 60; n++) {
    await depart(call, `run-${n}`);
    await store.release(call, `run-${n}`, 'not-sent', {
      result: { ms: 1, code: 'wechat_timeout' },
      retry: { reason: 'transient', afterMs: 100 },
    });
  }
  const fields = await server.redis.hgetall(recordKey(call));
  expect(Object.keys(fields).filter((name) => /^e\d+$/.test(name))).toHaveLength(40);
  const events = await eventsOf(call);
  expect(events.slice(0, 4)).toEqual(['received', 'queued', 'sent 1', 'retried 1']);
  expect(events.at(-1)).toBe('retried 60');
});

it('a queued call that is answered at once costs Redis less than 100 bytes more than without its events and its key', async () => {
  const call = await created();
  await depart(call, 'run');
  await store.settle(call, 'run', completed, { ms: 82 });
  const key = recordKey(call);
  expect(await server.redis.object('ENCODING', key)).toBe('listpack');
  const { events: _, e1, e2, by, ...others } = await server.redis.hgetall(key);
  expect([e1, e2, by]).toEqual([expect.stringMatching(/^s /), expect.stringMatching(/^a /), 'crm']);
  // Another record: one that loses fields keeps its memory.
  const without = recordKey(newCallId('wxc', 'wxa'));
  await server.redis.hset(without, others);
  // Redis rounds what it allocates; so the bytes are counted.
  const bytesOf = async (one: string) => (await server.redis.dumpBuffer(one))!.length;
  const bytes = (await bytesOf(key)) - (await bytesOf(without));
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(100);
});
