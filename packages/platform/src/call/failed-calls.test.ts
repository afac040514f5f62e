import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { Events } from '../events.ts';
import { type CallId, newCallId } from './call-id.ts';
import type { RecordFields } from './call-record.ts';
import { FailedCallRecorder } from './failed-call-recorder.ts';
import { FailedCalls } from './failed-calls.ts';

let server: TestRedis;
let failed: FailedCalls;
beforeAll(async () => {
  server = await startRedis();
  failed = new FailedCalls(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const SEND = '/cgi-bin/message/custom/send';
const told = JSON.stringify({ code: 'outcome_unknown', remedy: 'operator', message: 'm' });

function refused(settledAt: number, changes: RecordFields = {}): RecordFields {
  return {
    ...{ state: 'settled', background: '0', method: 'POST', path: SEND, attempts: '1', requestBytes: '9' },
    ...{ createdAt: String(settledAt - 50), deadlineAt: String(settledAt + 60_000), settledAt: String(settledAt) },
    ...{ outcome: 'completed', told: '{}', status: '200', errcode: '45015', rid: 'r', responseBytes: '60', by: 'crm' },
    ...{ channel: 'wx:replies:gateway-1', sentBy: 'run', events: '2', e1: 's 3 1 0 7 10000', e2: 'a 40 37' },
    ...changes,
  };
}
const write = (call: CallId, fields: RecordFields) => failed.write(call.component, [{ call, fields }]);
const idsOf = async (filter: Partial<Parameters<FailedCalls['page']>[0]> = {}) =>
  (await failed.page({ component: 'wxc', limit: 100, ...filter })).items.map(({ id }) => id);

it('lists failures of all accounts of a component, the newest first, page by page', async () => {
  const now = Date.now();
  const calls = Array.from({ length: 25 }, (_, i) => newCallId('wxc', `wx${i % 3}`));
  await failed.write(
    'wxc',
    calls.slice(0, 20).map((call) => ({ call, fields: refused(now) })),
  );
  for (const [i, call] of calls.slice(20).entries()) await write(call, refused(now + i + 1));
  await write(newCallId('wxd', 'wx0'), refused(now));

  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await failed.page({ component: 'wxc', limit: 7, cursor });
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.next ?? undefined;
  } while (cursor);
  expect(seen).toHaveLength(25);
  expect(new Set(seen)).toEqual(new Set(calls.map(({ id }) => id)));
  expect(seen.slice(0, 5)).toEqual(
    calls
      .slice(20)
      .toReversed()
      .map(({ id }) => id),
  );
  await expect(
    failed.page({ component: 'wxd', limit: 7, cursor: (await failed.page({ component: 'wxc', limit: 7 })).next! }),
  ).rejects.toMatchObject({ code: 'invalid_request' });
});

it('filters by account, path, errcode, code, state, key and time, and by what the caller may see', async () => {
  const now = Date.now();
  const [one, two, three] = [newCallId('wxc', 'wxa'), newCallId('wxc', 'wxb'), newCallId('wxc', 'wxb')];
  await write(one!, refused(now - 60_000));
  await write(two!, refused(now, { path: '/cgi-bin/user/get', errcode: '40013', by: 'shop' }));
  await write(three!, refused(now + 1, { outcome: 'failed', told, errcode: '', rid: '' }));
  expect(await idsOf({ appid: 'wxa' })).toEqual([one!.id]);
  expect(await idsOf({ path: SEND })).toEqual([three!.id, one!.id]);
  expect(await idsOf({ errcode: 45_015 })).toEqual([one!.id]);
  expect(await idsOf({ code: 'outcome_unknown' })).toEqual([three!.id]);
  expect(await idsOf({ state: 'completed' })).toEqual([two!.id, one!.id]);
  expect(await idsOf({ keyId: 'shop' })).toEqual([two!.id]);
  expect(await idsOf({ since: new Date(now - 1_000) })).toEqual([three!.id, two!.id]);
  expect(await idsOf({ shows: ({ appid }) => appid === 'wxa' })).toEqual([one!.id]);
});

it('has a call with its timeline after its record has expired, without what was answered', async () => {
  const call = newCallId('wxc', 'wxa');
  await write(call, refused(Date.now()));
  expect(await failed.find(call)).toMatchObject({
    call: { id: call.id, state: 'completed', response: null, keyId: 'crm', answered: { errcode: 45_015, rid: 'r' } },
    timeline: [
      { event: 'received', detail: { kind: 'queued' } },
      { event: 'queued' },
      { event: 'sent', detail: { quota: { used: 7, limit: 10_000 } } },
      { event: 'answered' },
      { event: 'settled' },
    ],
  });
  const entry = await server.redis.hget('wx:{wxc:failed-calls}:calls:entries', `wxa ${call.id.split('.')[2]}`);
  expect(entry).not.toMatch(/gateway-1|sentBy/);
  expect(await failed.find(newCallId('wxc', 'wxa'))).toBeUndefined();
});

it('a corrected outcome that is none of a failure removes the call', async () => {
  const call = newCallId('wxc', 'wxa');
  const now = Date.now();
  await write(call, refused(now, { outcome: 'failed', told, errcode: '' }));
  expect(await idsOf()).toEqual([call.id]);
  await write(call, refused(now, { errcode: '0' }));
  expect(await idsOf()).toEqual([]);
  expect(await failed.find(call)).toBeUndefined();
});

it('keeps the last 10,000, none for more than a week', async () => {
  const now = Date.now();
  const WEEK_MS = 7 * 24 * 60 * 60_000;
  const old = newCallId('wxc', 'wxa');
  await write(old, refused(now - WEEK_MS - 1_000));
  for (let n = 0; n < 51; n++) {
    const calls = Array.from({ length: 200 }, () => newCallId('wxc', 'wxa'));
    await failed.write(
      'wxc',
      calls.map((call) => ({ call, fields: refused(now + n) })),
    );
  }
  expect(await server.redis.zcard('wx:{wxc:failed-calls}:calls')).toBe(10_000);
  expect(await server.redis.hlen('wx:{wxc:failed-calls}:calls:entries')).toBe(10_000);
  expect(await failed.find(old)).toBeUndefined();
  expect(await server.redis.pttl('wx:{wxc:failed-calls}:calls:entries')).toBeGreaterThan(WEEK_MS - 60_000);
});

it('the calls of a process that failed are added from their records, also if a record or Redis comes late', async () => {
  const records = new Map<string, RecordFields>();
  let isDown = true;
  const events = new Events();
  const store = {
    records: (calls: readonly CallId[]) =>
      isDown ? Promise.reject(new Error('away')) : Promise.resolve(calls.map(({ id }) => records.get(id) ?? {})),
  };
  const recorder = new FailedCallRecorder(failed, store, events);
  const publish = (call: CallId, outcome: string, errcode?: number, corrected?: boolean) =>
    events.publish('call', {
      ...{ call: call.id, component: 'wxc', appid: 'wxa', path: '/cgi-bin/user/get', kind: 'queued' as const },
      ...{ outcome, errcode, attempts: 1, queueMs: 1, totalMs: 2, recorded: true, corrected },
    });
  try {
    const [succeeded, refusedOne, late, unknown] = Array.from({ length: 4 }, () => newCallId('wxc', 'wxa'));
    const now = Date.now();
    publish(succeeded!, 'completed', 0);
    publish(succeeded!, 'cancelled');
    publish(refusedOne!, 'completed', 45_015);
    publish(late!, 'completed', 45_015);
    publish(unknown!, 'outcome_unknown');
    records.set(refusedOne!.id, refused(now));
    records.set(unknown!.id, refused(now, { outcome: 'failed', told, errcode: '' }));
    isDown = false;
    await until('two are listed', async () => (await idsOf()).length === 2);
    records.set(late!.id, refused(now));
    await until('three are listed', async () => (await idsOf()).length === 3);
    records.set(unknown!.id, refused(now, { errcode: '0' }));
    publish(unknown!, 'completed', 0, true);
    await until('the corrected one is removed', async () => !(await idsOf()).includes(unknown!.id));
    publish(succeeded!, 'wechat_timeout');
    records.set(succeeded!.id, refused(now));
  } finally {
    await recorder.close();
  }
  expect(await idsOf()).toHaveLength(3);
});
