import type { CallRequest } from '@wxthirdparty/platform';
import { AddressNotAllowedFailure, NotReadyFailure, QuotaClosedFailure } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { expect, test } from 'vitest';
import {
  ACCOUNT,
  answered,
  authorizer,
  emptyStream,
  fakePlatform,
  neverSettles,
  noPushes,
  runningCall,
  settledCall,
} from './fake-platform.ts';
import { bearer, type OpenedGateway, openGateway } from './open-gateway.ts';

const calls = `/v1/authorizers/${ACCOUNT}/calls`;
const json = { ...bearer, 'content-type': 'application/json' };

function post(gateway: OpenedGateway, body: unknown, path = calls): Promise<Response> {
  return fetch(gateway.url + path, {
    method: 'POST',
    headers: json,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function problem(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  expect(body.status).toBe(response.status);
  for (const name of ['type', 'title', 'detail', 'code', 'remedy'])
    expect(body[name], name).toEqual(expect.any(String));
  return body;
}

test.each([
  [undefined, '/v1/status'],
  ['Bearer wrong', '/v1/status'],
  ['Bearer', '/v1/authorizers'],
  ['Basic YTpi', calls],
  ['Bearer wrong', '/v1/no/such/route'],
])('with %s nothing is revealed of %s', async (authorization, path) => {
  const gateway = await openGateway(fakePlatform());
  const response = await fetch(gateway.url + path, authorization === undefined ? {} : { headers: { authorization } });
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toContain('Bearer');
  expect(await problem(response)).toMatchObject({ code: 'unauthorized' });
});

test('without a configured key every request is refused', async () => {
  const gateway = await openGateway(fakePlatform(), { apiKey: undefined });
  const response = await fetch(`${gateway.url}/v1/status`, { headers: { authorization: 'Bearer undefined' } });
  expect(response.status).toBe(401);
});

test('the status has dates in ISO 8601', async () => {
  const platform = fakePlatform();
  const at = new Date('2026-11-22T10:00:00Z');
  const component = {
    appid: 'c1',
    ready: false,
    reasons: ['component_token_failing'],
    lastPushAt: at,
    pushes: { ...noPushes, lastRefusal: { at, status: 403, reason: 'signature', url: 'events' } },
    refusedPushes: [
      { reason: 'signature', count: 2, since: at, lastAt: at, remedy: 'operator', message: 'set WX_TOKEN' },
    ],
    ticket: { receivedAt: at, expiresAt: at },
    token: {
      version: 5,
      expiresAt: null,
      failure: { code: 'ip_not_allowed', remedy: 'operator', message: 'm', errcode: 61004, at },
    },
  } as const;
  platform.status = () =>
    Promise.resolve({
      ready: false,
      pushes: emptyStream,
      components: [
        component,
        { ...component, appid: 'c2', pushes: noPushes, lastPushAt: null, refusedPushes: [], ticket: null, token: null },
      ],
    });
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/v1/status`, { headers: bearer });
  const iso = '2026-11-22T10:00:00.000Z';
  expect(await response.json()).toEqual({
    ready: false,
    pushes: emptyStream,
    subscriptions: { active: 2, failing: 1, paused: 0 },
    redis: { masters: [{ address: '127.0.0.1:6379', answers: true }] },
    components: [
      {
        ...component,
        lastPushAt: iso,
        pushes: { ...noPushes, lastRefusal: { at: iso, status: 403, reason: 'signature', url: 'events' } },
        refusedPushes: [{ ...component.refusedPushes[0], since: iso, lastAt: iso }],
        ticket: { receivedAt: iso, expiresAt: iso },
        token: { ...component.token, failure: { ...component.token.failure, at: iso } },
      },
      { ...component, appid: 'c2', pushes: noPushes, lastPushAt: null, refusedPushes: [], ticket: null, token: null },
    ],
  });
});

test('authorizers are listed page by page', async () => {
  const platform = fakePlatform();
  const pages: unknown[] = [];
  platform.authorizers.list = ({ signal: _, ...page }) => {
    pages.push(page);
    return Promise.resolve({ items: [authorizer({ secret: 'x' } as object)], next: 'c2' });
  };
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/v1/authorizers?state=active&limit=7&cursor=c1`, { headers: bearer });
  expect(await response.json()).toEqual({
    items: [
      {
        appid: ACCOUNT,
        component: authorizer().component,
        kind: 'official-account',
        nickName: '茶馆',
        userName: 'gh_1',
        headImg: null,
        principalName: null,
        alias: null,
        serviceType: null,
        verifyType: null,
        accountStatus: null,
        profileAt: null,
        test: false,
        state: 'active',
        scopes: [1, 7],
        handle: 'h1',
        cookieValue: 'cookie-of-1',
        authorizedAt: '2026-11-01T00:00:00.000Z',
        updatedAt: '2026-11-02T00:00:00.000Z',
      },
    ],
    next: 'c2',
  });
  await fetch(`${gateway.url}/v1/authorizers`, { headers: bearer });
  expect(pages).toEqual([
    { state: 'active', limit: 7, cursor: 'c1', accounts: [], withTest: false },
    { limit: 100, accounts: [], withTest: false },
  ]);
});

test.each(['limit=0', 'limit=1001', 'limit=x', 'state=gone', 'cursor=a&cursor=b'])(
  'a list of ?%s is refused',
  async (query) => {
    const gateway = await openGateway(fakePlatform());
    const response = await fetch(`${gateway.url}/v1/authorizers?${query}`, { headers: bearer });
    expect(await problem(response)).toMatchObject({ status: 400, code: 'invalid_request', remedy: 'fix-request' });
  },
);

test('one authorizer is found, under the component that is named', async () => {
  const platform = fakePlatform();
  platform.authorizers.find = (appid, component) =>
    Promise.resolve(authorizer({ appid, component: component ?? 'none' }));
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/v1/authorizers/a1?component=c9`, { headers: bearer });
  expect(await response.json()).toMatchObject({ appid: 'a1', component: 'c9' });
});

test('a call is submitted exactly as it was written', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const response = await post(
    gateway,
    String.raw`{"method":"POST","path":"/cgi-bin/message/custom/send","query":{"b":22876340532172986,"a":["x",true]},
      "body":{"b":22876340532172986, "a":"\u4e2d 文"},"waitMs":5000}`,
    `${calls}?component=c9`,
  );
  expect(response.status).toBe(200);
  const [request] = platform.submitted as [CallRequest];
  expect(request).toMatchObject({
    appid: ACCOUNT,
    component: 'c9',
    method: 'POST',
    path: '/cgi-bin/message/custom/send',
    query: [
      ['b', '22876340532172986'],
      ['a', 'x'],
      ['a', 'true'],
    ],
    contentType: 'application/json; charset=utf-8',
    waitMs: 5000,
    departWithinMs: 600_000,
  });
  expect(request.body!.toString()).toBe('{"b":22876340532172986,"a":"中 文"}');
});

test('a settled call is answered with 200', async () => {
  const platform = fakePlatform();
  platform.calls.settled = () =>
    Promise.resolve(
      settledCall({
        response: answered(
          '{"errcode":0,"msg_id":22876340532172986,"info":{"authorizer_refresh_token":"r"},"a":[{"refresh_token":1}]}',
        ),
      }),
    );
  const gateway = await openGateway(platform);
  const response = await post(gateway, { method: 'GET', path: '/cgi-bin/user/get' });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    id: 'call-1',
    handle: 'h1',
    answered: { status: 200, errcode: 0, rid: null, bytes: 27 },
    requestBytes: 0,
    component: settledCall().component,
    appid: ACCOUNT,
    method: 'GET',
    path: '/cgi-bin/user/get',
    state: 'completed',
    attempts: 1,
    createdAt: '2026-11-22T10:00:00.000Z',
    notBeforeAt: null,
    deadlineAt: '2026-11-22T10:10:00.000Z',
    settledAt: '2026-11-22T10:00:01.000Z',
    response: {
      status: 200,
      headers: { 'content-type': 'application/json; encoding=utf-8' },
      body: {
        errcode: 0,
        msg_id: '22876340532172986',
        info: { authorizer_refresh_token: '***' },
        a: [{ refresh_token: '***' }],
      },
    },
    explanation: null,
    failure: null,
    quota: { used: 1, limit: 500, remaining: 499, closedUntil: null },
  });
  expect(await gateway.logged('request')).toMatchObject({
    method: 'POST',
    route: '/v1/authorizers/:appid/calls',
    status: 200,
    ...{ call: 'call-1', outcome: 'completed', errcode: 0, attempts: 1, callMs: 1_000 },
  });
});

test('a call that WeChat did not answer is a 200 with its failure', async () => {
  const platform = fakePlatform();
  platform.calls.settled = () =>
    Promise.resolve(
      settledCall({
        state: 'failed',
        response: null,
        failure: { code: 'outcome_unknown', remedy: 'operator', message: 'm' },
      }),
    );
  const gateway = await openGateway(platform);
  const response = await post(gateway, { method: 'POST', path: '/cgi-bin/message/custom/send', body: {} });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    state: 'failed',
    response: null,
    failure: {
      ...{ code: 'outcome_unknown', remedy: 'operator', message: 'm', errcode: null, rid: null },
      explanation: { zh: expect.any(String), en: expect.any(String) },
    },
  });
});

test.each([
  [
    'a picture',
    answered(Buffer.from([0xff, 0xd8, 0x7b]), { 'content-type': 'image/jpeg' }),
    { base64: '/9h7', contentType: 'image/jpeg' },
  ],
  [
    'a file that begins like JSON',
    answered('{\x00\x01', { 'content-type': 'audio/amr' }),
    { base64: 'ewAB', contentType: 'audio/amr' },
  ],
  ['text', answered('hello', { 'content-type': 'text/plain' }), 'hello'],
  ['JSON called text', answered('{"errcode":40007}', { 'content-type': 'text/plain' }), { errcode: 40007 }],
])('the answer is %s', async (_name, response, body) => {
  const platform = fakePlatform();
  platform.calls.settled = () => Promise.resolve(settledCall({ response }));
  const gateway = await openGateway(platform);
  const answer = (await (await post(gateway, { method: 'GET', path: '/cgi-bin/media/get' })).json()) as {
    response: { body: unknown };
  };
  expect(answer.response.body).toEqual(body);
});

test('a call that takes longer is answered with 202 and where to look', async () => {
  const platform = fakePlatform();
  platform.calls.settled = neverSettles;
  platform.calls.find = () => Promise.resolve(runningCall());
  const gateway = await openGateway(platform);
  const response = await post(gateway, { method: 'GET', path: '/cgi-bin/user/get', waitMs: 0 });
  expect(response.status).toBe(202);
  expect(response.headers.get('location')).toBe('/v1/calls/call-1');
  expect(await response.json()).toMatchObject({ id: 'call-1', state: 'running', settledAt: null, response: null });
  expect(platform.submitted[0]).toMatchObject({ waitMs: 0, departWithinMs: 86_400_000 });
});

test('who hangs up does not cancel', async () => {
  const platform = fakePlatform();
  let waiting = false;
  platform.calls.settled = (id, waitMs, signal) => {
    waiting = true;
    signal!.addEventListener('abort', () => {
      waiting = false;
    });
    return neverSettles(id, waitMs, signal);
  };
  const gateway = await openGateway(platform);
  const hangUp = new AbortController();
  const call = fetch(gateway.url + calls, {
    method: 'POST',
    headers: json,
    body: '{"method":"GET","path":"/cgi-bin/user/get"}',
    signal: hangUp.signal,
  });
  await expect.poll(() => waiting).toBe(true);
  hangUp.abort();
  await expect(call).rejects.toThrow();
  await expect.poll(() => waiting).toBe(false);
  expect(await gateway.logged('request')).toMatchObject({ hungUp: true });
  expect(platform.cancelled).toEqual([]);
});

test.each([
  ['no method', { path: '/cgi-bin/user/get' }],
  ['a method that WeChat does not know', { method: 'DELETE', path: '/cgi-bin/user/get' }],
  ['a host', { method: 'GET', path: 'https://evil.example/cgi-bin/x' }],
  ['a double slash', { method: 'GET', path: '//evil.example/cgi-bin/x' }],
  ['a double slash inside', { method: 'GET', path: '/cgi-bin//token' }],
  ['a way up', { method: 'GET', path: '/cgi-bin/user/../token' }],
  ['a hidden way up', { method: 'GET', path: '/cgi-bin/%2e%2e/token' }],
  ['a query in the path', { method: 'GET', path: '/cgi-bin/user/get?access_token=x' }],
  ['a mark at the end of a path', { method: 'GET', path: '/cgi-bin/user/get~' }],
  ['a minting API', { method: 'GET', path: '/cgi-bin/token' }],
  ['a minting API by a detour', { method: 'GET', path: '/cgi-bin/./token' }],
  ['a minting API by the other method', { method: 'POST', path: '/cgi-bin/token' }],
  ['the component’s minting API', { method: 'POST', path: '/cgi-bin/component/api_component_token', body: {} }],
  ['a token', { method: 'GET', path: '/cgi-bin/user/get', query: { access_token: 'x' } }],
  ['a component token', { method: 'GET', path: '/cgi-bin/user/get', query: { component_access_token: 'x' } }],
  ['a query of objects', { method: 'GET', path: '/cgi-bin/user/get', query: { a: { b: 1 } } }],
  [
    'a query of very many names',
    {
      method: 'GET',
      path: '/cgi-bin/user/get',
      query: Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [i, i])),
    },
  ],
  ['a GET with a body', { method: 'GET', path: '/cgi-bin/user/get', body: {} }],
  ['too long a wait', { method: 'GET', path: '/cgi-bin/user/get', waitMs: 60_001 }],
  ['half a millisecond', { method: 'GET', path: '/cgi-bin/user/get', waitMs: 0.5 }],
  ['an unknown member', { method: 'GET', path: '/cgi-bin/user/get', wait: 1 }],
  ['broken JSON', '{"method":'],
  ['no object', '[]'],
])('%s is refused', async (_name, body) => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  expect(await problem(await post(gateway, body))).toMatchObject({
    status: 400,
    code: 'invalid_request',
    remedy: 'fix-request',
  });
  expect(platform.submitted).toEqual([]);
});

test('a refused token says why', async () => {
  const gateway = await openGateway(fakePlatform());
  const body = { method: 'GET', path: '/cgi-bin/user/get', query: { access_token: 'x' } };
  expect(await problem(await post(gateway, body))).toMatchObject({
    detail: 'query.access_token: tokens are added by the platform',
  });
});

test('another content type is refused with 415', async () => {
  const gateway = await openGateway(fakePlatform());
  const response = await fetch(gateway.url + calls, { method: 'POST', headers: bearer, body: '{}' });
  expect(await problem(response)).toMatchObject({ status: 415 });
});

test('a request of thousands of faults is answered with a few words', async () => {
  const gateway = await openGateway(fakePlatform());
  const junk = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`member${i}`, 1]));
  const query = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`name${i}`, null]));
  for (const [path, body] of [
    [`/v1/authorizers/${ACCOUNT}/calls`, { ...junk, query }],
    ['/v1/keys', junk],
  ] as const) {
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { ...bearer, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: 'invalid_request' });
    expect(text.length).toBeLessThan(3_000);
  }
});

test('more than 20 MB are refused with 413', async () => {
  const gateway = await openGateway(fakePlatform());
  const response = await post(gateway, `{"body":"${'x'.repeat(20 * 1024 * 1024)}"}`);
  expect(await problem(response)).toMatchObject({ status: 413, code: 'too_large' });
});

test('the refusal of an upload arrives although it was not read', async () => {
  const gateway = await openGateway(fakePlatform());
  const response = await fetch(gateway.url + calls, { method: 'POST', body: Buffer.alloc(20 * 1024 * 1024) });
  expect(response.status).toBe(401);
});

const closedUntil = new Date(Date.now() + 90_000);
test.each([
  [
    new NotReadyFailure('c1', ['no_ticket']),
    { status: 503, code: 'not_ready', reasons: ['no_ticket'], remedy: 'retry', retryAfter: 5 },
  ],
  [
    new QuotaClosedFailure('/cgi-bin/user/get', closedUntil),
    { status: 429, code: 'quota_closed', closedUntil: closedUntil.toISOString() },
  ],
  [
    new AddressNotAllowedFailure('10.0.0.5', 'it is private.'),
    { status: 400, code: 'address_not_allowed', address: '10.0.0.5', setting: 'DELIVERY_NETS', remedy: 'fix-request' },
  ],
  [new Failure('unknown_component', 'fix-request', 'm'), { status: 404 }],
  [new Failure('unknown_authorizer', 'fix-request', 'm'), { status: 404 }],
  [new Failure('ambiguous_component', 'fix-request', 'm'), { status: 409 }],
  [new Failure('reauthorize', 'reauthorize', 'm'), { status: 409 }],
  [new Failure('overloaded', 'slow-down', 'm', { retryAfterMs: 1500 }), { status: 503, retryAfter: 2 }],
  [new Failure('too_large', 'fix-request', 'm'), { status: 413 }],
  [
    new Failure('component_token_failing', 'operator', 'm', { errcode: 61004, rid: 'r1' }),
    { status: 503, errcode: 61004, rid: 'r1' },
  ],
])('%o', async (failure, expected) => {
  const platform = fakePlatform();
  platform.calls.submit = () => Promise.reject(failure);
  const gateway = await openGateway(platform);
  const response = await post(gateway, { method: 'GET', path: '/cgi-bin/user/get' });
  const body = await problem(response);
  expect(body).toMatchObject({ code: failure.code, remedy: failure.remedy, ...expected });
  expect(response.headers.get('retry-after')).toBe(body.retryAfter === undefined ? null : String(body.retryAfter));
});

test('an unforeseen error tells nothing but where to look', async () => {
  const platform = fakePlatform();
  platform.calls.submit = () =>
    Promise.reject(Object.assign(new Error('ECONNREFUSED'), { command: { args: ['SECRET'] } }));
  const gateway = await openGateway(platform);
  const response = await post(gateway, { method: 'GET', path: '/cgi-bin/user/get' });
  const body = await problem(response);
  expect(body).toMatchObject({ status: 500, code: 'internal' });
  expect(JSON.stringify(body)).not.toContain('ECONNREFUSED');
  const line = await gateway.logged('request failed unexpectedly');
  expect(body.detail).toContain(String(line.requestId));
  expect(JSON.stringify(gateway.log)).not.toContain('SECRET');
});

test.each([
  ['GET', '/v1/status', 'retry'],
  ['POST', calls, 'operator'],
])('%s %s while Redis is away', async (method, path, remedy) => {
  const platform = fakePlatform();
  platform.health = () => Promise.resolve({ redis: false, database: true });
  platform.status = () => Promise.reject(new Error('connection lost'));
  platform.calls.submit = () => Promise.reject(new Error('connection lost'));
  const gateway = await openGateway(platform);
  const body = method === 'GET' ? {} : { body: '{"method":"GET","path":"/cgi-bin/user/get"}' };
  const response = await fetch(gateway.url + path, { method, headers: json, ...body });
  expect(await problem(response)).toMatchObject({ status: 503, code: 'unavailable', remedy, retryAfter: 5 });
  expect(await gateway.logged('request')).toMatchObject({
    route: method === 'GET' ? path : '/v1/authorizers/:appid/calls',
  });
});

test('a database that another process has locked for too long is a 503, not a fault of ours', async () => {
  const platform = fakePlatform();
  const locked = Object.assign(new Error('database is locked'), { code: 'ERR_SQLITE_ERROR', errcode: 5 });
  platform.audit.list = () => Promise.reject(locked);
  const { url } = await openGateway(platform);
  const response = await fetch(`${url}/v1/audit`, { headers: bearer });
  expect(await problem(response)).toMatchObject({ status: 503, code: 'unavailable', remedy: 'retry' });
});

test('a database that does not answer is a 503 that does not name it, and says when to repeat the request', async () => {
  const platform = fakePlatform();
  const away = new Failure('database_unreachable', 'retry', 'The database does not answer.', { retryAfterMs: 5_000 });
  platform.authorizers.list = () => Promise.reject(away);
  const { url } = await openGateway(platform);
  const response = await fetch(`${url}/v1/authorizers`, { headers: bearer });
  expect(await problem(response)).toMatchObject({ status: 503, code: 'unavailable', remedy: 'retry', retryAfter: 5 });
});

test('a call that was taken is no refusal because Redis went away', async () => {
  const platform = fakePlatform();
  const away = new Failure('redis_unreachable', 'retry', 'Redis does not answer.');
  platform.calls.settled = () => Promise.reject(away);
  platform.calls.find = () => Promise.reject(away);
  const response = await post(await openGateway(platform), { method: 'GET', path: '/cgi-bin/user/get' });
  expect(response.status).toBe(202);
  expect(response.headers.get('location')).toBe('/v1/calls/call-1');
  expect(await response.json()).toMatchObject({ id: 'call-1', state: 'queued', settledAt: null, response: null });
});

test('a call is found by its id, another is not', async () => {
  const gateway = await openGateway(fakePlatform());
  expect(await (await fetch(`${gateway.url}/v1/calls/call-1`, { headers: bearer })).json()).toMatchObject({
    id: 'call-1',
  });
  const response = await fetch(`${gateway.url}/v1/calls/call-2`, { headers: bearer });
  expect(await problem(response)).toMatchObject({ status: 404, code: 'unknown_call' });
});

test.each(['/v1/nothing', '/metrics', '/v1/calls/%E0%A4%A'])('%s is a problem', async (path) => {
  const gateway = await openGateway(fakePlatform());
  await problem(await fetch(gateway.url + path, { headers: bearer }));
});

test('every answer carries the security headers, a request id, and no boast', async () => {
  const gateway = await openGateway(fakePlatform());
  for (const path of ['/v1/status', '/healthz', '/metrics']) {
    const { headers } = await fetch(gateway.url + path, { headers: { ...bearer, 'x-request-id': 'caller-chose-1' } });
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get('x-request-id')).toBe('caller-chose-1');
  }
});

test.each([
  [undefined, 1],
  ['1', 0],
  ['false', 0],
])('with TRUST_PROXY %s a proxy before the gateway is warned of %i times', async (trustProxy, times) => {
  const gateway = await openGateway(fakePlatform(), { trustProxy });
  for (const path of ['/healthz', '/v1/status', '/cgi-bin/user/get']) {
    await fetch(gateway.url + path, { headers: { 'x-forwarded-for': '192.0.2.7' } });
  }
  expect(gateway.log.filter(({ msg }) => msg.includes('TRUST_PROXY'))).toHaveLength(times);
});
