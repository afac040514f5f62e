import { expect, test, vi } from 'vitest';
import { COMPONENT, MINI, OFFICIAL, openSimulator, SECRET } from './open-simulator.ts';

const GET = '/cgi-bin/openapi/quota/get';
const RID = '/cgi-bin/openapi/rid/get';
const CLEAR = '/cgi-bin/clear_quota';
const CLEAR_V2 = '/cgi-bin/component/clear_quota/v2';
const LIST = '/cgi-bin/user/get';

test('a quota is returned to its owner', async () => {
  const p = await openSimulator();
  const { access, component } = await p.authorize();
  await p.get(LIST, { access_token: access });
  const of = (cgi_path: string, token = access) => p.post(GET, { access_token: token }, { cgi_path });
  expect(await of(LIST)).toEqual({
    errcode: 0,
    errmsg: 'ok',
    quota: { daily_limit: 500, used: 1, remain: 499 },
  });
  await p.control('POST /quota', { appid: OFFICIAL, path: LIST, minute: 7 });
  expect((await of(LIST)).rate_limit).toEqual({ call_count: 7, refresh_second: 60 });
  expect((await of('/cgi-bin/component/api_component_token', component)).quota).toMatchObject({ daily_limit: 2000 });
  expect((await of('no/path')).errcode).toBe(76021);
  // It may exist at WeChat.
  expect((await of('/cgi-bin/no/such')).errcode).toBe(990404);
  expect((await of('/cgi-bin/component/api_create_preauthcode')).errcode).toBe(76022);
  expect((await of(LIST, component)).errcode).toBe(76022);
  expect((await of('/sns/userinfo')).errcode).toBe(76022);
});

test('rates are returned and enforced, also for calls on behalf of the account, in intervals of any length', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const control = (change: object) => p.control('POST /quota', { appid: OFFICIAL, path: LIST, ...change });
  expect(await control({ minute: 9, componentMinute: 2, seconds: 3600 })).toMatchObject({
    ...{ minute: 9, componentMinute: 2, seconds: 3600 },
  });
  expect(await p.post(GET, { access_token: access }, { cgi_path: LIST })).toMatchObject({
    rate_limit: { call_count: 9, refresh_second: 3600 },
    component_rate_limit: { call_count: 2, refresh_second: 3600 },
  });
  const use = async () => (await p.get(LIST, { access_token: access })).errcode ?? 0;
  expect([await use(), await use(), await use()]).toEqual([0, 0, 45011]);
  await control({ componentMinute: 100, seconds: 1 });
  // After a second the count restarts.
  await vi.waitFor(async () => expect(await use()).toBe(0), { timeout: 60_000 });
});

test('an account clears only its own quotas, ten effective times a month', async () => {
  const p = await openSimulator();
  const { access, component } = await p.authorize();
  const use = () => p.get(LIST, { access_token: access });
  const clear = async (token = access, appid = OFFICIAL) =>
    (await p.post(CLEAR, { access_token: token }, { appid })).errcode;
  const used = async () => (await p.control('POST /quota', { appid: OFFICIAL, path: LIST })).used;
  await use();
  expect(await clear(component, COMPONENT)).toBe(0);
  expect(await used()).toBe(1);
  expect(await clear(access, MINI)).toBe(40013);
  expect(await clear()).toBe(0);
  expect(await used()).toBe(0);
  // A clear without an effect does not count.
  for (let n = 0; n < 12; n += 1) expect(await clear()).toBe(0);
  for (let n = 0; n < 9; n += 1) {
    await use();
    expect(await clear()).toBe(0);
  }
  await use();
  expect(await clear()).toBe(48006);
  expect(await used()).toBe(1);
});

test('a component clears with its secret its own quotas, or those of an account that authorized it', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const clear = async (changes: object) =>
    (await p.post(CLEAR_V2, {}, { component_appid: COMPONENT, appsecret: SECRET, ...changes })).errcode;
  await p.get(LIST, { access_token: access });
  expect(await clear({ appsecret: 'wrong' })).toBe(40125);
  expect(await clear({ appsecret: undefined })).toBe(41004);
  expect(await clear({ appid: MINI })).toBe(61003);
  expect(await clear({})).toBe(0);
  expect((await p.control('POST /quota', { appid: OFFICIAL, path: LIST })).used).toBe(1);
  expect(await clear({ appid: OFFICIAL })).toBe(0);
  expect((await p.control('POST /quota', { appid: OFFICIAL, path: LIST })).used).toBe(0);
});

test('a refused request can be read by its rid, only by the account for which it was made', async () => {
  const p = await openSimulator();
  const { access, component } = await p.authorize();
  const { errmsg } = await p.get(LIST, { access_token: access, next_openid: 'oNobody' });
  const rid = /rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})$/.exec(errmsg)?.[1] ?? '';
  expect(Math.abs(Number.parseInt(rid.slice(0, 8), 16) - Date.now() / 1000)).toBeLessThan(60);
  const find = (asked: string, token = access) => p.post(RID, { access_token: token }, { rid: asked });
  expect(await find(rid)).toMatchObject({
    errcode: 0,
    request: {
      request_url: 'https://api.weixin.qq.com/cgi-bin/user/get?access_token=***&next_openid=oNobody',
      request_body: '',
      client_ip: '127.0.0.1',
    },
  });
  expect(JSON.parse((await find(rid)).request.response_body)).toMatchObject({ errcode: 40003 });
  expect((await find(rid, component)).errcode).toBe(76003);
  expect((await find('00000000-00000000-00000000')).errcode).toBe(76001);
  expect((await find('nonsense')).errcode).toBe(76002);
});
