import { expect, it } from 'vitest';
import type { RecordFields } from './call-record.ts';
import { timelineOf } from './timeline.ts';

const CREATED = 1_795_874_599_000;
const record: RecordFields = {
  state: 'settled',
  background: '0',
  channel: 'wx:replies:gateway-1',
  createdAt: String(CREATED),
  settledAt: String(CREATED + 120),
  attempts: '1',
  outcome: 'completed',
  status: '200',
  errcode: '45015',
  rid: '61725984-6126f6f9-040f19c4',
  told: '{}',
};
const named = (fields: RecordFields) =>
  timelineOf(fields)?.map(({ at, event, attempt, detail }) => [at.getTime() - CREATED, event, attempt, detail]);

it('the timeline of a queued call has its way from the request to the callback', () => {
  const fields = {
    ...record,
    order: 'k',
    events: '3',
    e1: 's 31 1 24 8411 10000',
    e2: 'a 115 82',
    e3: 'c 160 delivered 204',
  };
  expect(named(fields)).toEqual([
    [0, 'received', null, { kind: 'queued', orderKey: true }],
    [0, 'queued', null, null],
    [7, 'token_waited', 1, { ms: 24 }],
    [31, 'sent', 1, { quota: { used: 8411, limit: 10_000 } }],
    [113, 'answered', 1, { ms: 82, status: 200, errcode: 45_015, rid: record.rid, code: null }],
    [120, 'settled', null, { state: 'completed', code: null, unanswered: null }],
    [160, 'callback', null, { result: 'delivered', status: 204 }],
  ]);
});

it('each attempt has its own answer, or why there was none', () => {
  const told = JSON.stringify({ code: 'wechat_timeout', remedy: 'retry', message: 'm' });
  const fields = {
    ...{ ...record, outcome: 'failed', told, attempts: '3', errcode: '', events: '6' },
    ...{ e1: 's 3 1 0 1 -', e2: 'a 85 82 200 40001 61725984-6126f6f9-040f19c4 - token_refused 0' },
    ...{ e3: 's 86 2 0 2 -', e4: 'a 90 4 502 - - wechat_broken_answer transient 500' },
    ...{ e5: 's 95 3 0 3 -', e6: 'a 118 20 - - - wechat_timeout' },
  };
  expect(named(fields)?.slice(2)).toEqual([
    [3, 'sent', 1, { quota: { used: 1, limit: null } }],
    [85, 'answered', 1, { ms: 82, status: 200, errcode: 40_001, rid: record.rid, code: null }],
    [85, 'retried', 1, { reason: 'token_refused', afterMs: 0, unanswered: null }],
    [86, 'sent', 2, { quota: { used: 2, limit: null } }],
    [90, 'answered', 2, { ms: 4, status: 502, errcode: null, rid: null, code: 'wechat_broken_answer' }],
    [90, 'retried', 2, { reason: 'transient', afterMs: 500, unanswered: null }],
    [95, 'sent', 3, { quota: { used: 3, limit: null } }],
    [120, 'settled', null, { state: 'failed', code: 'wechat_timeout', unanswered: { code: 'wechat_timeout', ms: 20 } }],
  ]);
});

it('a call that waits shows for what, and until when', () => {
  const fields = { ...record, state: 'queued', background: '1', events: '1', e1: 'p 20 quota 3600020' };
  expect(named(fields)?.slice(2)).toEqual([
    [20, 'parked', null, { reason: 'quota', until: new Date(CREATED + 3_600_020) }],
  ]);
});

it('an inline call that did not fail has none; one that WeChat refused has', () => {
  const { channel: _, ...inline } = record;
  expect(timelineOf({ ...inline, errcode: '0' })).toBeNull();
  expect(named(inline)).toEqual([
    [0, 'received', null, { kind: 'inline', orderKey: false }],
    [120, 'settled', null, { state: 'completed', code: null, unanswered: null }],
  ]);
});

it('a record of an earlier version shows its last departure, and an event of a later version is skipped', () => {
  const fields = { ...record, attempts: '2', sentAt: String(CREATED + 40) };
  expect(named(fields)?.map(([since, event, attempt]) => [since, event, attempt])).toEqual([
    [0, 'received', null],
    [0, 'queued', null],
    [40, 'sent', 2],
    [120, 'settled', null],
  ]);
  expect(named({ ...record, events: '2', e1: 'z 5 what', e2: 'q 7' })?.map(([since, event]) => [since, event])).toEqual(
    [
      [0, 'received'],
      [0, 'queued'],
      [7, 'queued'],
      [120, 'settled'],
    ],
  );
});
