import { Failure, TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import type { Call } from '../call/call.ts';
import type { CallRun } from '../call/run-call.ts';
import { type AuthorizationPayload, AuthorizeJob } from '../consent/authorize-job.ts';
import { CodeIntake } from '../consent/code-intake.ts';
import { CodeTies, hashOfCode } from '../consent/code-ties.ts';
import { readEntry, type StepEntry } from '../journal/stream-entry.ts';
import { type OpenQueue, openQueue } from '../queue/queues.ts';
import { Seals } from '../sealing/seals.ts';
import type { ReleaseCheckPayload } from './release-check-job.ts';
import { codePlace } from './responder.ts';
import { readStep } from './step-report.ts';
import { type UseCodeOptions, useCheckCode } from './use-code.ts';

const seals = new Seals([Buffer.alloc(32, 1)]);
const code = 'queryauthcode@@@a-B_c';
const codeHash = hashOfCode('wxc', code);
const { appid } = TEST_ACCOUNTS[0]!;
const payload: ReleaseCheckPayload = {
  ...{ component: 'wxc', appid, codeHash, receivedAt: new Date().toISOString() },
  sealed: seals.seal(JSON.stringify({ code, openid: 'oTester' }), codePlace('wxc', codeHash)),
};

let server: TestRedis;
let exchanges: OpenQueue<AuthorizationPayload>;
let codes: CodeIntake;
let sent: Parameters<UseCodeOptions['calls']['run']>[0][];
let run: () => Promise<CallRun>;
let state: string | undefined;
beforeAll(async () => {
  server = await startRedis();
  const queue = openQueue(AuthorizeJob, server.redis);
  exchanges = queue;
  codes = new CodeIntake(server.redis, new CodeTies(server.redis), seals, queue);
});
beforeEach(async () => {
  await server.redis.flushall();
  sent = [];
  state = undefined;
  run = async () => ({ id: 'c', call: answered('{"errcode":0,"errmsg":"ok"}') });
});
afterAll(async () => {
  await exchanges.queue.close();
  await server.stop();
});

function answered(body: string): Call {
  return {
    state: 'completed',
    failure: null,
    response: { status: 200, headers: {}, body: Buffer.from(body) },
  } as never;
}

async function use(signal = new AbortController().signal) {
  const disposition = await useCheckCode(payload, signal, {
    ...{ redis: server.redis, seals, codes },
    authorizers: { find: async () => (state === undefined ? undefined : ({ state } as never)) },
    calls: {
      run: (request) => {
        sent.push(request);
        return run();
      },
    },
  });
  return { disposition, step: (await reported()).at(-1) };
}

async function reported() {
  const entries = await server.redis.xrange(server.redis.keyspace.pushStream, '-', '+');
  return entries.map(([id, list]) => readStep(id, readEntry(id, list).content as StepEntry));
}
const authorized = () => codes.settle('wxc', codeHash, { outcome: 'authorized', appid, profile: 'asked' });

it('sends the raw code with _from_api to the user, under one idempotency key', async () => {
  await authorized();
  const { step } = await use();
  expect(sent).toMatchObject([
    { component: 'wxc', appid, path: '/cgi-bin/message/custom/send', idempotencyKey: `release-check:${codeHash}` },
  ]);
  expect(JSON.parse(sent[0]!.body!.toString())).toEqual({
    ...{ touser: 'oTester', msgtype: 'text', text: { content: `${code}_from_api` } },
  });
  expect(step).toMatchObject({ component: 'wxc', appid, name: 'api_text', state: 'ok', code: null });
  // The code and the user are in no report.
  expect(JSON.stringify(await reported())).not.toMatch(/a-B_c|oTester/);
});

it('asks for the exchange itself, as the same job as that of the authorized push', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 0);
  expect((await use(stop.signal)).disposition).toEqual({ requeue: true });
  expect((await exchanges.queue.getJobs()).map(({ id }) => id)).toEqual([codeHash]);
  expect(sent).toEqual([]);
});

it('sends nothing if the exchange failed, unless the account is active all the same', async () => {
  await codes.settle('wxc', codeHash, { outcome: 'failed', code: 'code_used', message: 'no', errcode: 61010 });
  expect((await use()).step).toMatchObject({ state: 'failed', code: 'exchange_failed', got: 'code_used 61010' });
  expect(sent).toEqual([]);
  state = 'active';
  expect((await use()).step).toMatchObject({ state: 'ok' });
  expect(sent).toHaveLength(1);
});

it("reports WeChat's refusal of the text", async () => {
  await authorized();
  run = async () => ({ id: 'c', call: answered('{"errcode":48001,"errmsg":"api unauthorized"}') });
  expect((await use()).step).toMatchObject({ state: 'failed', code: 'send_failed', got: 'wechat_refused 48001' });
  run = () => Promise.reject(new Failure('reauthorize', 'reauthorize', 'no'));
  expect((await use()).step).toMatchObject({ state: 'failed', code: 'send_failed', got: 'reauthorize' });
});

it('is tried again if the call could not be accepted for now', async () => {
  await authorized();
  run = () => Promise.reject(new Failure('not_ready', 'retry', 'no'));
  await expect(use()).rejects.toMatchObject({ code: 'not_ready' });
  expect(await reported()).toMatchObject([{ state: 'failed', code: 'send_failed', got: 'not_ready' }]);
});
