import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Failure } from '../failure.ts';
import { readAnswer } from '../http/answer.ts';
import { openTransport } from '../http/open-transport.ts';
import { type Transport, TransportFailure } from '../http/transport.ts';
import { UnreadableAnswer } from './ask.ts';
import type { Carrier, ComponentApi } from './component-api.ts';
import { openComponentApi } from './open-component-api.ts';

let answer: { status?: number; body: string } | undefined;
let seen: { method: string | undefined; path: string; token: string | null; body: unknown } | undefined;
const server = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const url = new URL(request.url ?? '', 'http://x');
    const token = url.searchParams.get('component_access_token');
    seen = { method: request.method, path: url.pathname, token, body: JSON.parse(Buffer.concat(chunks).toString()) };
    if (answer === undefined) request.socket.destroy();
    else response.writeHead(answer.status ?? 200, { 'content-type': 'text/plain' }).end(answer.body);
  });
});
let transport: Transport;
let api: ComponentApi;

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  transport = openTransport({});
  const apiBase = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  api = openComponentApi({ transport, apiBase, timeoutMs: 2000, carrier });
});
afterAll(async () => {
  await transport.close();
  await new Promise((done) => server.close(done));
});
beforeEach(() => {
  seen = undefined;
});

const answers = (value: unknown) => {
  answer = { body: JSON.stringify(value) };
};
const own = { appid: 'wxc', appsecret: 'SECRETsecret' };
const c = { appid: 'wxc' };

/** Lends each question that does not go with the secret the same token. */
const carrier: Carrier = {
  carry: async ({ bySecret }, send) => readAnswer(await send(bySecret ? undefined : 'SECRET+tok/en=')),
};

test('starting the ticket pushes sends component_secret', async () => {
  answers({ errcode: 0, errmsg: 'ok' });
  expect(await api.startPushTicket(own)).toBe('started');
  expect(seen).toEqual({
    method: 'POST',
    path: '/cgi-bin/component/api_start_push_ticket',
    token: null,
    body: { component_appid: 'wxc', component_secret: 'SECRETsecret' },
  });
  answers({ errcode: 0, errmsg: 'in a normal state' });
  expect(await api.startPushTicket(own)).toBe('was_running');
});

test('the component token is requested with component_appsecret', async () => {
  answers({ component_access_token: 'T', expires_in: 7200 });
  expect(await api.fetchComponentToken({ ...own, ticket: 'k' })).toEqual({ token: 'T', expiresInMs: 7_200_000 });
  expect(seen?.body).toEqual({
    component_appid: 'wxc',
    component_appsecret: 'SECRETsecret',
    component_verify_ticket: 'k',
  });
});

test('a token with an expires_in of 0 gets the usual lifetime, so that it is not requested endlessly', async () => {
  answers({ component_access_token: 'T', expires_in: 0 });
  expect(await api.fetchComponentToken({ ...own, ticket: 'k' })).toEqual({ token: 'T', expiresInMs: 7_200_000 });
});

test('a pre-auth code is requested with the token in the query', async () => {
  answers({ pre_auth_code: 'P', expires_in: '1800' });
  expect(await api.createPreAuthCode(c)).toEqual({ preAuthCode: 'P', expiresInMs: 1_800_000 });
  expect(seen?.token).toBe('SECRET+tok/en=');
});

test('exchanging a code returns the tokens and the permission sets', async () => {
  const func_info = [
    { funcscope_category: { id: 1 } },
    { funcscope_category: { id: '17', name: 'x' }, confirm_info: {} },
  ];
  answers({
    authorization_info: {
      authorizer_appid: 'wxa',
      authorizer_access_token: 'A',
      expires_in: 7200,
      authorizer_refresh_token: 'R',
      func_info,
    },
  });
  expect(await api.queryAuth({ ...c, code: 'queryauthcode@@@1' })).toEqual({
    appid: 'wxa',
    accessToken: 'A',
    expiresInMs: 7_200_000,
    refreshToken: 'R',
    scopes: [1, 17],
  });
  answers({ authorization_info: { authorizer_appid: 'wxa', func_info: [] } });
  expect(await api.queryAuth({ ...c, code: 'q' })).toMatchObject({ accessToken: undefined, refreshToken: undefined });
});

test('the refresh token beside an authorizer token may be empty', async () => {
  answers({ authorizer_access_token: 'A', expires_in: 7200, authorizer_refresh_token: '' });
  const asked = api.fetchAuthorizerToken({ ...c, authorizer: 'wxa', refreshToken: 'R' });
  expect(await asked).toEqual({ token: 'A', expiresInMs: 7_200_000, refreshToken: undefined });
  expect(seen?.body).toEqual({ component_appid: 'wxc', authorizer_appid: 'wxa', authorizer_refresh_token: 'R' });
});

test('profiles distinguish an official account and a mini program', async () => {
  const authorization_info = {
    authorizer_appid: 'wxa',
    authorizer_refresh_token: 'SECRET',
    func_info: [{ funcscope_category: { id: 2 } }],
  };
  const authorizer_info = {
    nick_name: 'N',
    user_name: 'gh_1',
    alias: '',
    principal_name: 'Ltd',
    service_type_info: { id: 2 },
    verify_type_info: { id: -1 },
    account_status: 1,
  };
  answers({ authorizer_info, authorization_info });
  const info = await api.getAuthorizerInfo({ ...c, authorizer: 'wxa' });
  expect(info).toMatchObject({ appid: 'wxa', nickName: 'N', kind: 'official-account', serviceType: 2, verifyType: -1 });
  expect(info).toMatchObject({ accountStatus: 1, refreshToken: 'SECRET', scopes: [2], principalName: 'Ltd' });
  expect(info).toMatchObject({ alias: '', headImg: undefined });
  expect(inspect(info.raw, { depth: 9 })).not.toContain('SECRET');
  expect(info.raw).toMatchObject({ authorization_info: { authorizer_refresh_token: '***' } });
  answers({ authorizer_info: { ...authorizer_info, MiniProgramInfo: { network: {} } }, authorization_info });
  expect((await api.getAuthorizerInfo({ ...c, authorizer: 'wxa' })).kind).toBe('mini-program');
});

test.each([
  ['authorization_info is missing', {}, { appid: 'wxa', nickName: 'Shop', scopes: undefined, refreshToken: undefined }],
  ['authorization_info is null', { authorization_info: null }, { nickName: 'Shop', scopes: undefined }],
  ['func_info is null', { authorization_info: { authorizer_appid: null, func_info: null } }, { scopes: undefined }],
  ['func_info is missing', { authorization_info: { authorizer_appid: 'wxa' } }, { scopes: undefined }],
  ['func_info names no set', { authorization_info: { func_info: [null, {}] } }, { scopes: undefined }],
  ['func_info is empty', { authorization_info: { func_info: [] } }, { scopes: [] }],
])('a profile has only what the answer contains: %s', async (_, more, expected) => {
  answers({ authorizer_info: { nick_name: 'Shop', user_name: null, alias: null, service_type_info: null }, ...more });
  const info = await api.getAuthorizerInfo({ ...c, authorizer: 'wxa' });
  expect(info).toMatchObject(expected);
  expect(info).toMatchObject({
    userName: undefined,
    alias: undefined,
    serviceType: undefined,
    kind: 'official-account',
  });
});

test('an exchanged code whose answer names no permission sets', async () => {
  answers({ authorization_info: { authorizer_appid: 'wxa', func_info: null } });
  expect(await api.queryAuth({ ...c, code: 'q' })).toMatchObject({ scopes: undefined, refreshToken: undefined });
});

test('a page of the list is read', async () => {
  answers({ total_count: 33, list: [{ authorizer_appid: 'wxa', refresh_token: '', auth_time: 1558000607 }] });
  expect(await api.getAuthorizerList({ ...c, offset: 0, count: 100 })).toEqual({
    total: 33,
    length: 1,
    items: [{ appid: 'wxa', refreshToken: undefined, authorizedAt: new Date(1558000607000) }],
  });
  expect(seen?.body).toEqual({ component_appid: 'wxc', offset: 0, count: 100 });
});

test('a page of the list with entries that cannot be read, and one that is no list', async () => {
  answers({ list: [null, { authorizer_appid: 'wxa', refresh_token: 'R' }, { refresh_token: 'without an appid' }] });
  expect(await api.getAuthorizerList({ ...c, offset: 0, count: 100 })).toEqual({
    total: undefined,
    length: 3,
    items: [{ appid: 'wxa', refreshToken: 'R', authorizedAt: undefined }],
  });
  answers({ total_count: 0 });
  expect(await api.getAuthorizerList({ ...c, offset: 0, count: 100 })).toEqual({ total: 0, length: 0, items: [] });
  for (const answer of [{ total_count: 33 }, { total_count: 33, list: null }, { errcode: 0, errmsg: 'ok' }]) {
    answers(answer);
    expect(await failure(api.getAuthorizerList({ ...c, offset: 0, count: 100 }))).toBeInstanceOf(UnreadableAnswer);
  }
});

test.each([
  ['{"authorizer_info":{"nick_name":"a"b"}}', 200, true],
  ['[]', 200, true],
  ['', 200, false],
  ['<html>', 200, false],
  ['busy', 200, false],
  ['{"cut', 502, false],
])('whether the API itself has answered what cannot be read: %j, HTTP %i', async (body, status, byApi) => {
  answer = { body, status };
  const error = await failure(api.getAuthorizerInfo({ ...c, authorizer: 'wxa' }));
  expect(error.code).toBe('wechat_broken_answer');
  expect(error instanceof UnreadableAnswer).toBe(byApi);
});

test('options are read and set by the 2.0 family', async () => {
  answers({ authorizer_appid: 'wxa', option_name: 'voice_recognize', option_value: '1' });
  expect(await api.getAuthorizerOption({ ...c, authorizer: 'wxa', name: 'voice_recognize' })).toBe('1');
  expect(seen?.path).toBe('/cgi-bin/component/api_get_authorizer_option');
  answers({ errcode: 0, errmsg: 'ok' });
  await api.setAuthorizerOption({ ...c, authorizer: 'wxa', name: 'voice_recognize', value: '0' });
  expect(seen?.body).toMatchObject({ component_appid: 'wxc', authorizer_appid: 'wxa', option_value: '0' });
});

async function failure(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Failure);
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('SECRET');
  return error as Failure;
}
const fetchToken = () => api.fetchAuthorizerToken({ ...c, authorizer: 'wxa', refreshToken: 'SECRETrefresh' });

test('refusals have code, remedy and request id', async () => {
  answers({ errcode: 61023, errmsg: 'refresh_token is invalid rid: 617682e0-09059ac5-34a8e2ea' });
  expect(await failure(fetchToken())).toMatchObject({
    code: 'refresh_token_refused',
    remedy: 'reauthorize',
    errcode: 61023,
    rid: '617682e0-09059ac5-34a8e2ea',
  });
  answers({ errcode: 40001, errmsg: 'invalid credential SECRETSECRETSECRETSECRET' });
  expect(await failure(fetchToken())).toMatchObject({ code: 'token_refused', remedy: 'refresh-token' });
});

test('40001 in answer to the component’s own secret needs an operator', async () => {
  answers({ errcode: 40001, errmsg: 'invalid credential' });
  const refused = await failure(api.fetchComponentToken({ ...own, ticket: 'SECRETticket' }));
  expect(refused).toMatchObject({ code: 'component_refused', remedy: 'operator', errcode: 40001 });
  expect(refused.message).toContain('Set the AppID and the AppSecret');
  answers({ errcode: 61006, errmsg: 'component ticket is invalid' });
  expect(await failure(api.fetchComponentToken({ ...own, ticket: 'k' }))).toMatchObject({ code: 'ticket_refused' });
});

test.each([
  ['', 200],
  ['<html>502</html>', 502],
  ['{"cut', 200],
  ['[]', 200],
  ['{"errcode":0,"errmsg":"ok"}', 200],
])('an answer is broken: %j', async (body, status) => {
  answer = { body, status };
  expect(await failure(fetchToken())).toMatchObject({ code: 'wechat_broken_answer', remedy: 'retry' });
});

test('a lost answer is a transport failure', async () => {
  answer = undefined;
  const lost = await failure(fetchToken());
  expect(lost).toBeInstanceOf(TransportFailure);
  expect(lost).toMatchObject({ sent: 'maybe', code: 'wechat_unreachable' });
});

test('the hook can prevent the request, and the signal can abort it', async () => {
  answers({});
  const stop = new Error('lease lost');
  const beforeSend = () => {
    throw stop;
  };
  await expect(api.createPreAuthCode(c, { beforeSend })).rejects.toBe(stop);
  expect(seen).toBeUndefined();
  const given = await failure(api.createPreAuthCode(c, { signal: AbortSignal.abort() }));
  expect(given).toMatchObject({ sent: 'no' });
  expect(seen).toBeUndefined();
});

test('quotas are cleared with the secret; the carrier receives each question before it departs', async () => {
  const noted: unknown[] = [];
  const { port } = server.address() as AddressInfo;
  const noting = openComponentApi({
    transport,
    apiBase: `http://127.0.0.1:${port}`,
    carrier: {
      async carry(question, send) {
        noted.push(question, seen);
        return carrier.carry(question, send);
      },
    },
  });
  answers({ errcode: 0, errmsg: 'ok' });
  await noting.clearQuotas(own);
  expect(seen).toMatchObject({
    path: '/cgi-bin/component/clear_quota/v2',
    token: null,
    body: { component_appid: 'wxc', appsecret: 'SECRETsecret' },
  });
  seen = undefined;
  answers({ errcode: 45009, errmsg: 'reach max api daily quota limit' });
  expect(await failure(noting.createPreAuthCode(c))).toMatchObject({ errcode: 45009, remedy: 'slow-down' });
  expect(noted).toEqual([
    { component: 'wxc', path: '/cgi-bin/component/clear_quota/v2', bySecret: true },
    undefined,
    { component: 'wxc', path: '/cgi-bin/component/api_create_preauthcode', bySecret: false },
    undefined,
  ]);
});

test('the carrier may keep a question from departing', async () => {
  const closed = new Failure('quota_closed', 'slow-down', 'closed');
  const { port } = server.address() as AddressInfo;
  const closing: Carrier = { carry: () => Promise.reject(closed) };
  const metered = openComponentApi({ transport, apiBase: `http://127.0.0.1:${port}`, carrier: closing });
  await expect(metered.createPreAuthCode(c)).rejects.toBe(closed);
  expect(seen).toBeUndefined();
});
