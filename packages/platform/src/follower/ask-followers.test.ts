import type { WeChatResponse } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Events } from '../events.ts';
import { Ledger } from '../quota/ledger.ts';
import type { Tokens } from '../token/tokens.ts';
import { askFollowers } from './ask-followers.ts';

let server: TestRedis;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const account = { component: 'wxc', appid: 'wxa' };
const path = '/cgi-bin/user/get';
const pair = { ...account, path };
const unlimited = { dailyLimit: undefined, minuteLimit: undefined };

/** Asks for a page of followers at a WeChat that always answers the same. */
function asking(body: string) {
  let requests = 0;
  const send = async (): Promise<WeChatResponse> => {
    requests++;
    return { status: 200, headers: {}, body: Buffer.from(body) };
  };
  const tokens = {
    get: async () => ({ owner: { kind: 'authorizer', ...account }, value: 'T', version: 1 }),
    distrust: async () => 'replaced',
    accepted: () => {},
  };
  const ask = () =>
    askFollowers(account, { doing: 'listing followers', method: 'GET', path }, new AbortController().signal, {
      events: new Events(),
      tokens: tokens as unknown as Tokens,
      ledger,
      transport: { send, close: async () => {} },
      apiBase: 'http://wechat',
    });
  return { ask, requests: () => requests };
}

it.each([
  ['a refused token', '{"errcode":40001}'],
  ['−1', '{"errcode":-1}'],
  ['a page of HTML', '<html>busy</html>'],
  ['nothing', ''],
])('keeps a closed day closed after a probe that is answered by %s, with one request', async (_, body) => {
  await ledger.close(pair, 'day', Date.now() + 1_000, unlimited);
  await server.redis.hset(`wx:{wxc:wxa}:quota:${path}`, 'probeAt', '1');
  const { ask, requests } = asking(body);
  expect(await ask()).toMatchObject({ kind: 'postponed', error: { code: 'quota_closed' } });
  expect([requests(), (await ledger.usage(pair, unlimited)).closedUntil]).toEqual([1, expect.any(Date)]);
});

it('reopens a closed day after a probe that WeChat answers', async () => {
  await ledger.close(pair, 'day', Date.now() + 1_000, unlimited);
  await server.redis.hset(`wx:{wxc:wxa}:quota:${path}`, 'probeAt', '1');
  const { ask } = asking('{"errcode":0,"total":0}');
  expect(await ask()).toMatchObject({ kind: 'answered' });
  expect((await ledger.usage(pair, unlimited)).closedUntil).toBeUndefined();
});
