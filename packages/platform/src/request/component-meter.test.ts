import { openComponentApi, type WeChatResponse } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { untilDayLasts } from '../../test/until-day-lasts.ts';
import { Ledger } from '../quota/ledger.ts';
import { componentMeter } from './component-meter.ts';

let server: TestRedis;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await untilDayLasts();
  await server.redis.flushall();
});

const nothing = { dailyLimit: undefined, minuteLimit: undefined };
const path = '/cgi-bin/component/api_authorizer_token';
const ask = (bySecret = false) => componentMeter(ledger).depart({ component: 'wxc', path, bySecret });
const usage = () => ledger.usage({ component: 'wxc', appid: 'wxc', path }, nothing);

it('counts each question, whatever WeChat says', async () => {
  await (await ask())(0);
  await (await ask())(61003);
  await ask();
  expect(await usage()).toMatchObject({ used: 3, closedUntil: undefined });
});

it('closes what WeChat has closed, and lets nothing leave then', async () => {
  await (await ask())(45009);
  await expect(ask()).rejects.toMatchObject({ code: 'quota_closed', remedy: 'slow-down' });
  expect(await usage()).toMatchObject({ used: 1, closedUntil: expect.any(Date) });
});

it('lets what goes with the secret leave all the same, which opens it again', async () => {
  await (await ask(true))(45009);
  const again = await ask(true);
  expect(await usage()).toMatchObject({ used: 2, closedUntil: expect.any(Date) });
  await again(0);
  expect((await usage()).closedUntil).toBeUndefined();
});

it('lets a probe open it', async () => {
  await (await ask())(45009);
  await server.redis.hset(`wx:{wxc:wxc}:quota:${path}`, 'probeAt', '1');
  const probe = await ask();
  await expect(ask()).rejects.toMatchObject({ code: 'quota_closed' });
  await probe(0);
  await (await ask())(0);
});

it.each([
  ['a refused token', '{"errcode":40001}'],
  ['−1', '{"errcode":-1}'],
  ['a page of HTML', '<html>busy</html>'],
  ['nothing', ''],
])('stays closed after a probe that is answered by %s, with one request', async (_, body) => {
  await (await ask())(45009);
  await server.redis.hset(`wx:{wxc:wxc}:quota:${path}`, 'probeAt', '1');
  let requests = 0;
  const send = async (): Promise<WeChatResponse> => {
    requests++;
    return { status: 200, headers: {}, body: Buffer.from(body) };
  };
  const transport = { send, close: async () => {} };
  const api = openComponentApi({ transport, apiBase: 'http://wechat', meter: componentMeter(ledger) });
  const fetch = () =>
    api.fetchAuthorizerToken({ appid: 'wxc', componentToken: 'T', authorizer: 'wxa', refreshToken: 'R' });
  await expect(fetch()).rejects.not.toMatchObject({ code: 'quota_closed' });
  await expect(fetch()).rejects.toMatchObject({ code: 'quota_closed' });
  expect([requests, (await usage()).closedUntil]).toEqual([1, expect.any(Date)]);
});
