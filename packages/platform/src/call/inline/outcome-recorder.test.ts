import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { Events } from '../../events.ts';
import { newCallId } from '../call-id.ts';
import { type InlineOutcome, OutcomeRecorder } from './outcome-recorder.ts';

let server: TestRedis;
let unrecorded: { count: number; message: string }[];
let recorder: OutcomeRecorder;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  unrecorded = [];
  const events = new Events();
  events.subscribe('calls-unrecorded', (event) => unrecorded.push(event));
  recorder = new OutcomeRecorder(server.redis, events, 1);
});

function outcome(appid = 'wxa'): InlineOutcome {
  const call = newCallId('wxc', appid);
  const at = new Date();
  return {
    call,
    createdMicros: at.getTime() * 1_000,
    events: [],
    found: {
      ...{ ...call, method: 'GET', path: '/cgi-bin/user/info', requestBytes: 0, background: false, keyId: null },
      state: 'completed',
      ...{ attempts: 1, createdAt: at, deadlineAt: at, notBeforeAt: null, settledAt: at, failure: null },
      response: { status: 200, headers: {}, body: Buffer.from('{}') },
      answered: { status: 200, errcode: null, rid: null, bytes: 2 },
    },
  };
}

it('stores what is recorded together, of every account', async () => {
  const outcomes = [...Array.from({ length: 250 }, () => outcome()), outcome('wxb')];
  for (const one of outcomes) recorder.record(one);
  await recorder.flush();
  const keys = outcomes.map(({ call }) => `wx:{wxc:${call.appid}}:call:${call.id}`);
  expect(await server.redis.exists(...keys)).toBe(251);
  expect(await server.redis.zcard('wx:{wxc:wxa}:calls')).toBe(250);
  expect(unrecorded).toEqual([]);
});

it('gives up what Redis refuses for too long, reports how much that is, and continues with the next', async () => {
  await server.redis.config('SET', 'maxmemory', '1');
  try {
    recorder.record(outcome());
    recorder.record(outcome());
    await recorder.flush();
  } finally {
    await server.redis.config('SET', 'maxmemory', '0');
  }
  expect(unrecorded).toEqual([{ count: 2, message: expect.stringContaining('OOM') }]);
  recorder.record(outcome());
  await recorder.flush();
  expect(await server.redis.zcard('wx:{wxc:wxa}:calls')).toBe(1);
});
