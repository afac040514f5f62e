import { Failure, type Transport, TransportFailure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Events } from '../events.ts';
import { Ledger } from '../quota/ledger.ts';
import type { Tokens } from '../token/tokens.ts';
import { isReadable, QuotaReader } from './quota-reader.ts';

let server: TestRedis;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const pair = { component: 'wxc', appid: 'wxa', path: '/cgi-bin/made/up' };
const asking = { ...pair, path: '/cgi-bin/openapi/quota/get' };
const nothing = { dailyLimit: undefined, minuteLimit: undefined };
const quota = { daily_limit: 100, used: 40, remain: 60 };
const never = new AbortController().signal;

/** A reader with a WeChat that gives these answers, one after the other. */
function reader(...answers: (object | TransportFailure)[]) {
  const asked: { url: string; body: unknown }[] = [];
  const distrusted: unknown[] = [];
  const owners: unknown[] = [];
  const transport: Transport = {
    async send({ url, body }) {
      asked.push({ url, body: JSON.parse(String(body)) });
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) };
    },
    close: () => Promise.resolve(),
  };
  const tokens = {
    async get(owner: unknown) {
      owners.push(owner);
      if (answers.length === 0) throw new Failure('token_not_ready', 'retry', 'none');
      return { owner, value: 'TOKEN', version: 1, trustedUntil: new Date() };
    },
    distrust: async (token: unknown) => {
      distrusted.push(token);
      return 'replaced';
    },
    accepted: () => {},
  } as unknown as Tokens;
  const reads = new QuotaReader({ ledger, tokens, transport, apiBase: 'http://wechat', events: new Events() });
  return { asked, distrusted, owners, read: (what = pair) => reads.read(what, never) };
}

it('learns what WeChat reports, with the token of the quota’s owner, and counts its own request', async () => {
  const { read, asked, owners } = reader({ errcode: 0, quota }, { errcode: 0, quota });
  expect(await read()).toBe('learned');
  expect(await ledger.usage(pair, nothing)).toMatchObject({ limit: 100, source: 'wechat' });
  expect((await ledger.usage(asking, nothing)).used).toBe(1);
  expect(asked).toEqual([
    { url: 'http://wechat/cgi-bin/openapi/quota/get?access_token=TOKEN', body: { cgi_path: pair.path } },
  ]);
  expect(await read({ ...pair, appid: 'wxc' })).toBe('learned');
  expect(owners).toMatchObject([
    { kind: 'authorizer', appid: 'wxa' },
    { kind: 'component', appid: 'wxc' },
  ]);
});

it.each([76021, 76022, 48001, 61007])('asks again after a day where WeChat answers %i', async (errcode) => {
  const { read } = reader({ errcode, errmsg: 'no' });
  expect(await read()).toBe('unavailable');
  const readAt = Number(await server.redis.hget('wx:{wxc:wxa}:quota:/cgi-bin/made/up', 'readAt'));
  expect(readAt - Date.now()).toBeGreaterThan(23 * 3600_000);
});

it.each([
  ['WeChat is busy', [{ errcode: -1, errmsg: 'busy' }]],
  ['no answer comes', [new TransportFailure('wechat_timeout', 'maybe', 'late')]],
  ['there is no token', []],
])('is repeated by a later call where %s', async (_, answers) => {
  const { read } = reader(...answers);
  expect(await read()).toBe('error');
  const readAt = Number(await server.redis.hget('wx:{wxc:wxa}:quota:/cgi-bin/made/up', 'readAt'));
  expect(readAt - Date.now()).toBeLessThan(3600_000);
});

it('sends nothing while its own quota is closed', async () => {
  const first = reader({ errcode: 45009, errmsg: 'reach max api daily quota limit' });
  expect(await first.read()).toBe('closed');
  const second = reader({ errcode: 0, quota });
  expect(await second.read()).toBe('closed');
  expect(second.asked).toEqual([]);
});

it('distrusts a refused token, and asks once more with the next one', async () => {
  const { read, distrusted, asked } = reader({ errcode: 40001 }, { errcode: 0, quota });
  expect(await read()).toBe('learned');
  expect([distrusted.length, asked.length]).toEqual([1, 2]);
  const twice = reader({ errcode: 40001 }, { errcode: 40001 }, { errcode: 0, quota });
  expect(await twice.read()).toBe('error');
  expect(twice.asked.length).toBe(2);
});

it.each([
  ['a refused token', 'closed', { errcode: 40001 }],
  ['−1', 'error', { errcode: -1 }],
  ['nothing', 'error', new TransportFailure('wechat_timeout', 'maybe', 'late')],
])('keeps its own day closed after a probe that is answered by %s, with one request', async (_, outcome, answer) => {
  await reader({ errcode: 45009 }).read();
  await server.redis.hset('wx:{wxc:wxa}:quota:/cgi-bin/openapi/quota/get', 'probeAt', '1');
  const probing = reader(answer, { errcode: 0, quota });
  expect(await probing.read()).toBe(outcome);
  expect(await probing.read()).toBe('closed');
  expect(probing.asked.length).toBe(1);
  expect((await ledger.usage(asking, nothing)).closedUntil).toBeInstanceOf(Date);
});

it('is possible neither for logins nor for its own path', () => {
  expect(isReadable({ ...pair, path: '/sns/component/jscode2session' })).toBe(false);
  expect(isReadable({ ...pair, path: '/SNS/userinfo' })).toBe(false);
  expect(isReadable(asking)).toBe(false);
  expect(isReadable(pair)).toBe(true);
});
