import { request as httpRequest } from 'node:http';
import type { CallFailure } from '@wxthirdparty/platform';
import { QuotaClosedFailure } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { expect, test } from 'vitest';
import { openVirtualTokens } from '../src/virtual/virtual-token.ts';
import {
  ACCOUNT,
  answered,
  authorizer,
  COMPONENT,
  fakePlatform,
  neverSettles,
  runningCall,
  settledCall,
} from './fake-platform.ts';
import { API_KEY, type OpenedGateway, openGateway } from './open-gateway.ts';

interface WeChatAnswer {
  readonly errcode?: number;
  readonly errmsg?: string;
  readonly access_token?: string;
  readonly expires_in?: number;
}

async function answerOf(response: Response): Promise<WeChatAnswer> {
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/json');
  const body = (await response.json()) as WeChatAnswer;
  if (body.errcode !== undefined) expect(body.errmsg).toEqual(expect.any(String));
  return body;
}

async function tokenOf(gateway: OpenedGateway, appid = ACCOUNT): Promise<string> {
  const url = `${gateway.url}/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${API_KEY}`;
  return (await answerOf(await fetch(url))).access_token!;
}

test('an account and an API key are answered with a token of this gateway', async () => {
  const gateway = await openGateway(fakePlatform());
  const url = `${gateway.url}/cgi-bin/token?grant_type=client_credential&appid=${ACCOUNT}&secret=${API_KEY}`;
  const answer = await answerOf(await fetch(url));
  expect(answer).toEqual({ access_token: expect.stringMatching(/^wxt_[A-Za-z0-9_-]+$/), expires_in: 7200 });
  expect(JSON.stringify(gateway.log)).not.toContain(API_KEY);
});

test('stable_token takes JSON, and COMPONENT:AUTHORIZER', async () => {
  const platform = fakePlatform();
  const asked: unknown[] = [];
  platform.authorizers.find = (...parameters) => {
    asked.push(parameters);
    return Promise.resolve(authorizer());
  };
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/cgi-bin/stable_token`, {
    method: 'POST',
    body: JSON.stringify({
      grant_type: 'client_credential',
      appid: `${COMPONENT}:${ACCOUNT}`,
      secret: API_KEY,
      force_refresh: true,
    }),
  });
  expect((await answerOf(response)).expires_in).toBe(7200);
  expect(asked).toEqual([[ACCOUNT, COMPONENT]]);
});

test('a token is requested by GET or POST, with a small body', async () => {
  const gateway = await openGateway(fakePlatform());
  const url = `${gateway.url}/cgi-bin/token?grant_type=client_credential&appid=${ACCOUNT}&secret=${API_KEY}`;
  expect(await answerOf(await fetch(url, { method: 'DELETE' }))).toMatchObject({ errcode: 43001 });
  const large = await fetch(`${gateway.url}/cgi-bin/stable_token`, { method: 'POST', body: ' '.repeat(20_000) });
  expect(await answerOf(large)).toEqual({ errcode: 45001, errmsg: expect.stringContaining('16384 bytes') });
});

const credentials = `grant_type=client_credential&secret=${API_KEY}`;
test.each([
  ['a bad key', `grant_type=client_credential&appid=${ACCOUNT}&secret=wrong`, 40125],
  ['no key', `grant_type=client_credential&appid=${ACCOUNT}`, 41004],
  ['no account', credentials, 41002],
  ['an unknown account', `${credentials}&appid=wxother`, 61003],
  ['another grant type', `grant_type=x&appid=${ACCOUNT}&secret=${API_KEY}`, 40002],
])('%s gets no token', async (_name, query, errcode) => {
  const gateway = await openGateway(fakePlatform());
  expect(await answerOf(await fetch(`${gateway.url}/cgi-bin/token?${query}`))).toMatchObject({ errcode });
});

test.each([
  ['is revoked', () => Promise.resolve(authorizer({ state: 'revoked' })), 61003],
  ['is ambiguous', () => Promise.reject(new Failure('ambiguous_component', 'fix-request', 'm')), 61003],
  ['may be authorizing', () => Promise.reject(new Failure('not_ready', 'retry', 'm')), -1],
  ['cannot be looked up', () => Promise.reject(new Error('down')), -1],
])('an account that %s gets no token', async (_name, find, errcode) => {
  const platform = fakePlatform();
  platform.authorizers.find = find;
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/cgi-bin/token?${credentials}&appid=${ACCOUNT}`);
  expect(await answerOf(response)).toMatchObject({ errcode });
});

test.each([
  ['GET', undefined, 43002],
  ['POST', '{', 47001],
])('stable_token by %s with %s', async (method, body, errcode) => {
  const gateway = await openGateway(fakePlatform());
  const response = await fetch(
    `${gateway.url}/cgi-bin/stable_token`,
    body === undefined ? { method } : { method, body },
  );
  expect(await answerOf(response)).toMatchObject({ errcode });
});

const START_PUSH = '/cgi-bin/component/api_start_push_ticket';

test('api_start_push_ticket has a ticket of ours sent to the programs of the component', async () => {
  const platform = fakePlatform();
  const requested: string[] = [];
  platform.componentTickets.request = async (component) => void requested.push(component);
  const gateway = await openGateway(platform);
  const ask = async (body: object | string, method = 'POST') =>
    answerOf(
      await fetch(gateway.url + START_PUSH, { method, body: typeof body === 'string' ? body : JSON.stringify(body) }),
    );
  const good = { component_appid: COMPONENT, component_secret: API_KEY };
  expect(await ask(good)).toEqual({ errcode: 0, errmsg: 'ok' });
  expect(requested).toEqual([COMPONENT]);
  expect(await ask({ ...good, component_secret: 'wrong' })).toMatchObject({ errcode: 40125 });
  expect(await ask({ ...good, component_secret: undefined })).toMatchObject({ errcode: 41004 });
  expect(await ask({ ...good, component_appid: ACCOUNT })).toMatchObject({ errcode: 61011 });
  expect(await ask({ component_secret: API_KEY })).toMatchObject({ errcode: 41002 });
  expect(await ask('{')).toMatchObject({ errcode: 47001 });
  expect(await answerOf(await fetch(gateway.url + START_PUSH))).toMatchObject({ errcode: 43002 });
  expect(requested).toHaveLength(1);
  expect(platform.submitted).toEqual([]);
  expect(JSON.stringify(gateway.log)).not.toContain(API_KEY);
});

test('a call is sent as it was received, and answered byte for byte', async () => {
  const platform = fakePlatform();
  const bytes = Buffer.from([0xff, 0xd8, 0x00, 0x0a, 0x7b]);
  platform.calls.settled = () =>
    Promise.resolve(
      settledCall({
        response: {
          status: 502,
          headers: { 'content-type': 'image/jpeg', 'content-disposition': 'attachment; filename="图.jpg"' },
          body: bytes,
        },
      }),
    );
  const gateway = await openGateway(platform);
  const token = await tokenOf(gateway);
  const sent = Buffer.from('--b\r\nContent-Disposition: form-data; name="media"\r\n\r\n\u0000\xff\r\n--b--', 'latin1');
  const response = await fetch(
    `${gateway.url}/cgi-bin/media/upload?z=1&access_token=${token}&type=image&a=%E4%B8%AD&z=2`,
    { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: sent },
  );
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('image/jpeg');
  // To fetch, header values are bytes, too.
  const disposition = Buffer.from(response.headers.get('content-disposition')!, 'latin1').toString();
  expect(disposition).toBe('attachment; filename="图.jpg"');
  expect(response.headers.get('content-security-policy')).toContain('sandbox');
  expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  expect(platform.submitted).toEqual([
    {
      appid: ACCOUNT,
      component: COMPONENT,
      method: 'POST',
      path: '/cgi-bin/media/upload',
      query: [
        ['z', '1'],
        ['type', 'image'],
        ['a', '中'],
        ['z', '2'],
      ],
      contentType: 'multipart/form-data; boundary=b',
      body: sent,
      waitMs: 30_000,
      departWithinMs: 30_000,
      keptForMs: 120_000,
      // Of API_KEY, which has no id.
      keyFingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      keyId: 'API_KEY',
    },
  ]);
  const lines = gateway.log.filter((line) => line.msg === 'virtual WeChat');
  expect(lines.at(-1)).toMatchObject({ path: '/cgi-bin/media/upload', appid: ACCOUNT, call: 'call-1' });
  expect(lines.at(-1)).toMatchObject({ outcome: 'completed', errcode: 0, attempts: 1, callMs: 1_000 });
  expect(JSON.stringify(gateway.log)).not.toContain(token);
});

test('a component receives a token, too, and calls its own APIs with it under either name', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const token = await tokenOf(gateway, COMPONENT);
  const own = { appid: COMPONENT, component: COMPONENT, query: [['x', '1']] };
  for (const name of ['access_token', 'component_access_token']) {
    const path = '/cgi-bin/component/api_get_authorizer_list';
    const body = JSON.stringify({ component_appid: COMPONENT });
    await answerOf(await fetch(`${gateway.url}${path}?${name}=${token}&x=1`, { method: 'POST', body }));
    expect(platform.submitted.at(-1)).toMatchObject({ ...own, path, method: 'POST' });
  }
});

test('answers of component APIs contain no account’s refresh token', async () => {
  const platform = fakePlatform();
  platform.calls.settled = () =>
    Promise.resolve(settledCall({ response: answered('{"list":[{"refresh_token":"r@@@1","n":"\\/"}]}') }));
  const gateway = await openGateway(platform);
  const url = `${gateway.url}/cgi-bin/component/api_get_authorizers?access_token=${await tokenOf(gateway, COMPONENT)}`;
  const response = await fetch(url, { method: 'POST', body: '{}' });
  expect(await response.text()).toBe('{"list":[{"refresh_token":"***","n":"\\/"}]}');
});

const SESSION = '/sns/component/jscode2session';
const login = { path: SESSION, query: [['js_code', 'c']], method: 'GET' };

test.each<[how: string, query: string, authorization: string, expected: object]>([
  ['its own secret', `appid=${ACCOUNT}&secret=KEY`, '', { appid: ACCOUNT }],
  ['component and account', `appid=${COMPONENT}:${ACCOUNT}&secret=KEY`, '', { appid: ACCOUNT, component: COMPONENT }],
  ['a key in the header', `appid=${ACCOUNT}&component_appid=${COMPONENT}`, 'KEY', { component: COMPONENT }],
  ['a token of the account', 'access_token=TOKEN', '', { appid: ACCOUNT, component: COMPONENT }],
  ['that token in the header', '', 'TOKEN', { appid: ACCOUNT, component: COMPONENT }],
  ['a token of the component', `appid=${ACCOUNT}&component_access_token=OWN`, '', { appid: ACCOUNT }],
])('a mini program’s user logs in with %s', async (_how, query, authorization, expected) => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const filled = async (text: string) =>
    text
      .replace('KEY', API_KEY)
      .replace('TOKEN', await tokenOf(gateway))
      .replace('OWN', await tokenOf(gateway, COMPONENT));
  for (const path of ['/sns/jscode2session', SESSION]) {
    const url = `${gateway.url}${path}?${await filled(query)}&js_code=c`;
    const headers = authorization === '' ? {} : { authorization: `Bearer ${await filled(authorization)}` };
    expect(await answerOf(await fetch(url, { headers }))).toMatchObject({ errcode: 0 });
    expect(platform.submitted.at(-1)).toMatchObject({ ...login, ...expected });
  }
  expect(JSON.stringify(gateway.log)).not.toContain(API_KEY);
});

test.each([
  ['nothing', `appid=${ACCOUNT}`, 41004],
  ['a wrong secret', `appid=${ACCOUNT}&secret=wrong`, 40125],
  ['a secret alone', `secret=${API_KEY}`, 41002],
  ['a token of WeChat’s', `appid=${ACCOUNT}&component_access_token=68_x`, 40001],
  ['a token of another account', 'appid=wxother&access_token=TOKEN', 40013],
  ['a component’s token alone', 'access_token=OWN', 41002],
])('a login with %s is refused', async (_how, query, errcode) => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const filled = query.replace('TOKEN', await tokenOf(gateway)).replace('OWN', await tokenOf(gateway, COMPONENT));
  for (const path of [
    'jscode2session',
    'oauth2/access_token',
    'oauth2/refresh_token',
    'oauth2/component/access_token',
  ]) {
    expect(await answerOf(await fetch(`${gateway.url}/sns/${path}?${filled}&js_code=c`))).toMatchObject({ errcode });
  }
  expect(platform.submitted).toEqual([]);
});

test.each([
  ['a key', '', API_KEY, COMPONENT],
  ['a key and an account', `&appid=${ACCOUNT}`, API_KEY, ACCOUNT],
  ['a token of this gateway', '', 'TOKEN', ACCOUNT],
])('a user’s own token is passed on unchanged, beside %s', async (_how, query, presented, appid) => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const authorization = `Bearer ${presented.replace('TOKEN', await tokenOf(gateway))}`;
  const url = `${gateway.url}/sns/userinfo?access_token=86_theirs&openid=o${query}&lang=zh_CN`;
  expect(await answerOf(await fetch(url, { headers: { authorization } }))).toMatchObject({ errcode: 0 });
  const theirs = [
    ['access_token', '86_theirs'],
    ['openid', 'o'],
    ['lang', 'zh_CN'],
  ];
  expect(platform.submitted).toMatchObject([{ appid, path: '/sns/userinfo', query: theirs }]);
  expect(JSON.stringify(gateway.log)).not.toContain('86_theirs');
});

test.each([
  ['beside a wrong key', 'access_token=86_theirs', 'wrong', 40125],
  ['replaced by one of this gateway', 'access_token=TOKEN', API_KEY, 48001],
])('a user’s own token %s is refused', async (_how, query, key, errcode) => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const filled = query.replace('TOKEN', await tokenOf(gateway));
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  for (const path of ['userinfo', 'auth', 'whatever/comes/next']) {
    const answer = await answerOf(await fetch(`${gateway.url}/sns/${path}?${filled}&openid=o`, { headers }));
    expect(answer).toMatchObject({ errcode });
  }
  expect(platform.submitted).toEqual([]);
});

test('with several components, a user’s token requires the account’s appid', async () => {
  const platform = fakePlatform();
  platform.components = [COMPONENT, 'wxc0000000000000002'];
  const gateway = await openGateway(platform);
  const url = `${gateway.url}/sns/auth?access_token=86_theirs&openid=o`;
  const headers = { authorization: `Bearer ${API_KEY}` };
  expect(await answerOf(await fetch(url, { headers }))).toMatchObject({ errcode: 41002 });
});

test('control characters and large integers in WeChat’s JSON are not changed', async () => {
  const platform = fakePlatform();
  const body = Buffer.from('{"msgid":22876340532172986,"nickname":"a\u0007b"}');
  platform.calls.settled = () => Promise.resolve(settledCall({ response: answered(body) }));
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/cgi-bin/user/info?access_token=${await tokenOf(gateway)}`);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(body);
});

test('20 MB are accepted, more is refused', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const url = `${gateway.url}/cgi-bin/media/upload?access_token=${await tokenOf(gateway)}`;
  const body = Buffer.alloc(20 * 1024 * 1024, 1);
  expect(await answerOf(await fetch(url, { method: 'POST', body }))).toMatchObject({ errcode: 0 });
  expect(platform.submitted[0]!.body!.equals(body)).toBe(true);
  const larger = Buffer.alloc(20 * 1024 * 1024 + 1);
  expect(await answerOf(await fetch(url, { method: 'POST', body: larger }))).toMatchObject({ errcode: 45001 });
});

test.each([
  ['no token', '/cgi-bin/user/get', 41001],
  ['a made-up token', '/cgi-bin/user/get?access_token=68_abc', 40001],
  ['a made-up token in the format of this gateway', `/cgi-bin/user/get?access_token=wxt_${'A'.repeat(160)}`, 40001],
  ['a path that issues credentials', '/cgi-bin/component/api_other_token?access_token=TOKEN', 48001],
  ['a path that issues credentials by a detour', '/cgi-bin/user/../token?access_token=TOKEN', 41004],
  ['a hidden detour', '/cgi-bin/user/%2e%2e/token?access_token=TOKEN', 41004],
  ['a hidden slash', '/cgi-bin/user%2fget?access_token=TOKEN', 40066],
  ['a double slash', '/cgi-bin//user/get?access_token=TOKEN', 40066],
  ['a path that issues credentials with a double slash', '/cgi-bin//token?access_token=TOKEN', 48001],
])('%s is refused in WeChat’s format', async (_name, path, errcode) => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  // Not by fetch, which resolves detours itself.
  const url = gateway.url + path.replace('TOKEN', await tokenOf(gateway));
  expect(await answerOf(await fetch(url))).toMatchObject({ errcode });
  expect(platform.submitted).toEqual([]);
});

test('a detour in the raw path is refused', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const path = `/cgi-bin/user/../token?access_token=${await tokenOf(gateway)}`;
  const body = await new Promise<string>((resolve, reject) => {
    httpRequest({ port: gateway.port, host: '127.0.0.1', path }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
  expect(JSON.parse(body)).toMatchObject({ errcode: 48001 });
  expect(platform.submitted).toEqual([]);
});

test('an expired token is refused with 42001, one of another key with 40001', async () => {
  const gateway = await openGateway(fakePlatform());
  const grant = { keyFingerprint: 'f'.repeat(32), component: COMPONENT, appid: ACCOUNT };
  const secret = Buffer.alloc(32, 7);
  const expired = openVirtualTokens([secret], () => Date.now() - 7_200_000).sign(grant);
  const foreign = openVirtualTokens([secret]).sign(grant);
  const url = `${gateway.url}/cgi-bin/user/get?access_token=`;
  expect(await answerOf(await fetch(url + expired))).toMatchObject({ errcode: 42001 });
  expect(await answerOf(await fetch(url + foreign))).toMatchObject({ errcode: 40001 });
});

test('the refusal of a large upload arrives', async () => {
  const gateway = await openGateway(fakePlatform());
  const url = `${gateway.url}/cgi-bin/media/upload?access_token=old`;
  const response = await fetch(url, { method: 'POST', body: Buffer.alloc(20 * 1024 * 1024) });
  expect(await answerOf(response)).toMatchObject({ errcode: 40001 });
});

test.each([
  [new Failure('unknown_authorizer', 'fix-request', 'm'), 61003],
  [new Failure('reauthorize', 'reauthorize', 'm'), 61003],
  [new Failure('not_ready', 'retry', 'm'), -1],
  [new Failure('overloaded', 'slow-down', 'm'), -1],
  [new Failure('too_large', 'fix-request', 'm'), 45001],
  [new QuotaClosedFailure('/cgi-bin/user/get', new Date()), 45009],
])('submitting fails with %o → %i', async (error, errcode) => {
  const platform = fakePlatform();
  platform.calls.submit = () => Promise.reject(error);
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/cgi-bin/user/get?access_token=${await tokenOf(gateway)}`);
  expect(await answerOf(response)).toMatchObject({ errcode });
});

test.each<[CallFailure['code'], CallFailure['remedy'], number]>([
  ['outcome_unknown', 'operator', 990001],
  ['call_lost', 'retry', 990001],
  ['deadline_passed', 'retry', -1],
  ['wechat_unreachable', 'retry', -1],
  ['reauthorize', 'reauthorize', 61003],
  ['quota_closed', 'slow-down', 45009],
])('a call that failed with %s (%s) is answered with %i', async (code, remedy, errcode) => {
  const platform = fakePlatform();
  platform.calls.settled = () =>
    Promise.resolve(settledCall({ state: 'failed', response: null, failure: { code, remedy, message: 'm' } }));
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/cgi-bin/user/get?access_token=${await tokenOf(gateway)}`);
  expect(await answerOf(response)).toMatchObject({ errcode });
  expect(await gateway.logged('virtual WeChat')).toBeDefined();
  const lines = gateway.log.filter((line) => line.msg === 'virtual WeChat');
  expect(lines.at(-1)).toMatchObject({ call: 'call-1', outcome: code, errcode });
});

test.each([
  ['/cgi-bin/message/custom/send', 'POST', 990001],
  ['/cgi-bin/user/get', 'GET', -1],
])(
  'after an error of reading %s, the answer permits a repetition only if that is harmless',
  async (path, method, errcode) => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const url = `${gateway.url}${path}?access_token=${await tokenOf(gateway)}`;
    // It is not known whether the call was recorded before the connection broke.
    platform.calls.submit = () => Promise.reject(new Error('connection lost'));
    expect(await answerOf(await fetch(url, { method }))).toMatchObject({ errcode });
    platform.calls.submit = () => Promise.resolve({ id: 'call-1' });
    platform.calls.settled = () => Promise.reject(new Failure('redis_down', 'retry', 'm'));
    expect(await answerOf(await fetch(url, { method }))).toMatchObject({ errcode });
  },
);

test('a call that did not depart in time is cancelled and may be repeated', async () => {
  const platform = fakePlatform();
  platform.calls.settled = () => Promise.resolve(undefined);
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/cgi-bin/user/get?access_token=${await tokenOf(gateway)}`);
  expect(await answerOf(response)).toMatchObject({ errcode: -1 });
  expect(platform.cancelled).toEqual(['call-1']);
});

test('a call that has departed is waited for, because "repeat it" would be untrue', async () => {
  const platform = fakePlatform();
  const waits: number[] = [];
  platform.calls.cancel = () => Promise.resolve(false);
  platform.calls.settled = (_id, waitMs) => Promise.resolve(waits.push(waitMs) === 1 ? undefined : settledCall());
  const gateway = await openGateway(platform);
  const url = `${gateway.url}/cgi-bin/user/get?access_token=${await tokenOf(gateway)}`;
  expect(await answerOf(await fetch(url))).toMatchObject({ errcode: 0 });
  expect(waits).toEqual([30_000, 60_000]);
  platform.calls.settled = () => Promise.resolve(undefined);
  platform.calls.find = () => Promise.resolve(runningCall());
  expect(await answerOf(await fetch(url))).toMatchObject({ errcode: 990001 });
});

test('a caller that disconnects before the call has departed cancels it', async () => {
  const platform = fakePlatform();
  let waiting = false;
  platform.calls.settled = (id, waitMs, signal) => {
    waiting = true;
    return neverSettles(id, waitMs, signal);
  };
  const gateway = await openGateway(platform);
  const hangUp = new AbortController();
  const url = `${gateway.url}/cgi-bin/user/get?access_token=${await tokenOf(gateway)}`;
  const call = fetch(url, { signal: hangUp.signal });
  await expect.poll(() => waiting).toBe(true);
  hangUp.abort();
  await expect(call).rejects.toThrow();
  await expect.poll(() => platform.cancelled).toEqual(['call-1']);
  await expect.poll(() => gateway.log.at(-1)).toMatchObject({ msg: 'virtual WeChat', call: 'call-1', hungUp: true });
});

test('a caller that disconnects while the call is submitted cancels it, too', async () => {
  const platform = fakePlatform();
  const submitting = Promise.withResolvers<void>();
  const submitted = Promise.withResolvers<{ id: string }>();
  platform.calls.submit = () => {
    submitting.resolve();
    return submitted.promise;
  };
  const waits: (AbortSignal | undefined)[] = [];
  platform.calls.settled = (id, waitMs, signal) => {
    waits.push(signal);
    return neverSettles(id, waitMs, signal);
  };
  const gateway = await openGateway(platform);
  const hangUp = new AbortController();
  const url = `${gateway.url}/cgi-bin/user/get?access_token=${await tokenOf(gateway)}`;
  const call = fetch(url, { signal: hangUp.signal });
  await submitting.promise;
  hangUp.abort();
  await expect(call).rejects.toThrow();
  submitted.resolve({ id: 'call-1' });
  await expect.poll(() => platform.cancelled).toEqual(['call-1']);
  // Without the wait, the call would stay pending in the platform for ever.
  expect(waits.map((signal) => signal?.aborted)).toEqual([true]);
});
