import { type ApiKey, keyScopes } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import type { GatewaySettings } from '../src/gateway-settings.ts';
import { ACCOUNT, apiKey, COMPONENT, type FakePlatform, fakePlatform, settledCall } from './fake-platform.ts';
import { API_KEY, type OpenedGateway, openGateway } from './open-gateway.ts';

const OTHER = 'wxa0000000000000002';
const SESSION = '/admin/api/session';
const OWNER = { name: 'admin', password: 'a-password' };
const CONSOLE = { 'x-wx-console': '1' };

interface Opened {
  readonly platform: FakePlatform;
  readonly gateway: OpenedGateway;
}

async function open(settings: Partial<GatewaySettings> = {}): Promise<Opened> {
  const platform = fakePlatform();
  return { platform, gateway: await openGateway(platform, settings) };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A request of the page: with its header, and with the session's cookie. */
async function ask(
  { gateway }: Opened,
  how: string,
  { cookie, body, headers = CONSOLE }: { cookie?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const [method = 'GET', path = ''] = how.split(' ');
  const response = await fetch(gateway.url + path, {
    method,
    headers: {
      ...headers,
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

function cookieOf({ headers }: Answer): string {
  return headers.getSetCookie()[0]!.split(';')[0]!;
}

async function signIn(opened: Opened, input: object = OWNER): Promise<string> {
  const answer = await ask(opened, `POST ${SESSION}`, { body: input });
  expect(answer.status).toBe(200);
  return cookieOf(answer);
}

function give(platform: FakePlatform, changes: Partial<ApiKey> = {}): string {
  const text = `wxk_${'k'.repeat(16)}_${platform.given.size}`;
  platform.given.set(text, apiKey(changes));
  return text;
}

describe('signing in', () => {
  it('with the owner’s name and password answers who it is, and gives the browser a cookie', async () => {
    const opened = await open();
    const answer = await ask(opened, `POST ${SESSION}`, { body: OWNER });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      actor: { kind: 'owner', name: 'admin' },
      scopes: [...keyScopes],
      accounts: [],
      write: true,
      expiresAt: expect.stringMatching(/Z$/),
    });
    expect(await ask(opened, `GET ${SESSION}`, { cookie: cookieOf(answer) })).toMatchObject({
      status: 200,
      body: answer.body,
    });
    expect(opened.platform.audited).toMatchObject([
      { actor: { id: 'owner', address: '127.0.0.1' }, action: 'signed in', target: null },
    ]);
  });

  it('with an API key gives what the key permits, and writes only with the scope admin', async () => {
    const opened = await open();
    const key = give(opened.platform, { name: '客服', scopes: ['calls'], accounts: [ACCOUNT] });
    const answer = await ask(opened, `POST ${SESSION}`, { body: { key } });
    expect(answer.body).toMatchObject({
      actor: { kind: 'key', name: '客服' },
      scopes: ['calls'],
      accounts: [ACCOUNT],
      write: false,
    });
    expect(opened.platform.audited).toMatchObject([
      { actor: { id: 'key:客服' }, action: 'signed in', target: '0123456789abcdef' },
    ]);
    const env = await ask(opened, `POST ${SESSION}`, { body: { key: API_KEY } });
    expect(env.body).toMatchObject({ actor: { kind: 'key', name: 'API_KEY' }, write: true });
  });

  it.each([
    [undefined, /^wx=[\w-]{43}; Max-Age=\d+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/],
    ['http://wx.example', /^wx=[\w-]{43}; Max-Age=\d+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/],
    [
      'https://wx.example',
      /^__Host-wx=[\w-]{43}; Max-Age=\d+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/,
    ],
  ])(
    'with PUBLIC_URL %s the cookie is out of reach of scripts, other sites and plain HTTP',
    async (publicUrl, shape) => {
      const opened = await open({ publicUrl });
      const answer = await ask(opened, `POST ${SESSION}`, { body: OWNER });
      expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(shape)]);
    },
  );

  it.each([
    [{ name: 'admin', password: 'wrong' }],
    [{ name: 'root', password: 'a-password' }],
    [{ name: '', password: '' }],
    [{ key: 'wxk_wrong' }],
    [{ key: '' }],
  ])('with %j is refused in the same words, and noted before', async (body) => {
    const opened = await open();
    const answer = await ask(opened, `POST ${SESSION}`, { body });
    expect(answer).toMatchObject({
      status: 401,
      body: { code: 'unauthorized', detail: 'Name and password, or the key, are wrong.' },
    });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(opened.platform.audited).toMatchObject([{ actor: { id: 'unknown' }, action: 'sign-in refused' }]);
    for (const given of Object.values(body).filter((text) => text.length > 5)) {
      expect(JSON.stringify([opened.platform.audited, opened.gateway.log])).not.toContain(given);
    }
  });

  it.each([undefined, ''])('without ADMIN_PASSWORD (%j) no password is right', async (password) => {
    const opened = await open({ admin: { user: 'admin', password, write: false } });
    for (const guess of ['', 'undefined', 'a-password']) {
      const answer = await ask(opened, `POST ${SESSION}`, { body: { name: 'admin', password: guess } });
      expect(answer.status).toBe(401);
    }
    expect(await signIn(opened, { key: API_KEY })).toMatch(/^wx=/);
  });

  it.each([[{}], [{ name: 'admin' }], [{ ...OWNER, key: API_KEY }], [{ name: 1, password: 2 }], ['admin']])(
    'with %j is no sign-in',
    async (body) => {
      const opened = await open();
      expect(await ask(opened, `POST ${SESSION}`, { body })).toMatchObject({ status: 400 });
    },
  );

  it('is counted before it is judged, by network and by name, and not any more once it succeeded', async () => {
    const opened = await open();
    const log: unknown[] = [];
    opened.platform.signInAttempts.take = async (attempt) => void log.push(['take', attempt]);
    opened.platform.signInAttempts.giveBack = async (attempt) => void log.push(['giveBack', attempt]);
    await signIn(opened);
    const attempt = { address: '127.0.0.1', name: 'admin' };
    expect(log.splice(0)).toEqual([
      ['take', attempt],
      ['giveBack', attempt],
    ]);
    await ask(opened, `POST ${SESSION}`, { body: { ...OWNER, password: 'wrong' } });
    await ask(opened, `POST ${SESSION}`, { body: { key: 'wrong' } });
    expect(log).toEqual([
      ['take', attempt],
      ['take', { address: '127.0.0.1', name: undefined }],
    ]);
  });

  it('is refused after too many attempts, also with the right password', async () => {
    const opened = await open();
    opened.platform.signInAttempts.take = () =>
      Promise.reject(new Failure('too_many_guesses', 'slow-down', 'too many', { retryAfterMs: 90_000 }));
    const answer = await ask(opened, `POST ${SESSION}`, { body: OWNER });
    expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_guesses', retryAfter: 90 } });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(opened.platform.audited).toEqual([]);
  });

  it('gives a new session and ends the one that the browser brought, so that none can be planted', async () => {
    const opened = await open();
    const planted = await signIn(opened, { key: API_KEY });
    const answer = await ask(opened, `POST ${SESSION}`, { cookie: planted, body: OWNER });
    const own = cookieOf(answer);
    expect(own).not.toBe(planted);
    expect((await ask(opened, `GET ${SESSION}`, { cookie: planted })).status).toBe(401);
    expect((await ask(opened, `GET ${SESSION}`, { cookie: own })).status).toBe(200);
    // A secret that we have not made is no session, whatever its shape.
    const chosen = `wx=${'f'.repeat(43)}`;
    const second = await ask(opened, `POST ${SESSION}`, { cookie: chosen, body: OWNER });
    expect(cookieOf(second)).not.toBe(chosen);
    expect((await ask(opened, `GET ${SESSION}`, { cookie: chosen })).status).toBe(401);
  });

  it('that cannot be audited does not happen', async () => {
    const opened = await open();
    opened.platform.audit.note = () => Promise.reject(new Failure('database_unreachable', 'retry', 'away'));
    opened.platform.operatorSessions.start = () => Promise.reject(new Error('started'));
    for (const body of [OWNER, { ...OWNER, password: 'wrong' }]) {
      const answer = await ask(opened, `POST ${SESSION}`, { body });
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });
});

describe('a session', () => {
  it('ends when its operator signs out', async () => {
    const opened = await open();
    const cookie = await signIn(opened);
    const answer = await ask(opened, `DELETE ${SESSION}`, { cookie });
    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^wx=; Path=\/; Expires=Thu, 01 Jan 1970/)]);
    expect((await ask(opened, 'GET /v1/status', { cookie })).status).toBe(401);
    expect((await ask(opened, `DELETE ${SESSION}`)).status).toBe(204);
  });

  it('ends at the next request once its key is revoked', async () => {
    const opened = await open();
    const cookie = await signIn(opened, { key: give(opened.platform) });
    expect((await ask(opened, 'GET /v1/status', { cookie })).status).toBe(200);
    opened.platform.given.clear();
    expect(await ask(opened, 'GET /v1/status', { cookie })).toMatchObject({
      status: 401,
      body: { code: 'unauthorized' },
    });
    expect((await ask(opened, `GET ${SESSION}`, { cookie })).status).toBe(401);
  });

  it.each([
    [{ user: 'admin', password: 'another-password', write: false }],
    [{ user: 'root', password: 'a-password', write: false }],
    [{ user: 'admin', password: undefined, write: false }],
  ])('of the owner ends once name or password are others: %j', async (admin) => {
    const opened = await open();
    const cookie = await signIn(opened);
    const changed = { platform: opened.platform, gateway: await openGateway(opened.platform, { admin }) };
    expect((await ask(changed, 'GET /v1/status', { cookie })).status).toBe(401);
    expect((await ask(opened, 'GET /v1/status', { cookie })).status).toBe(200);
  });

  it('is never refused because Redis does not answer: the page stays signed in', async () => {
    const opened = await open();
    const cookie = await signIn(opened);
    const away = () => Promise.reject(new Failure('redis_unreachable', 'retry', 'away', { retryAfterMs: 2_000 }));
    opened.platform.operatorSessions.find = away;
    opened.platform.signInAttempts.take = away;
    for (const how of ['GET /v1/status', `GET ${SESSION}`]) {
      expect(await ask(opened, how, { cookie })).toMatchObject({ status: 503, body: { retryAfter: 2 } });
    }
    expect((await ask(opened, `POST ${SESSION}`, { body: OWNER })).status).toBe(503);
  });

  it('counts less than a key in the same request', async () => {
    const opened = await open();
    const cookie = await signIn(opened);
    const authorization = (key: string) => ({ ...CONSOLE, authorization: `Bearer ${key}` });
    const wrong = await ask(opened, 'GET /v1/keys', { cookie, headers: authorization('wrong') });
    expect(wrong.status).toBe(401);
    const narrow = authorization(give(opened.platform, { scopes: ['calls'] }));
    expect((await ask(opened, 'GET /v1/keys', { cookie, headers: narrow })).status).toBe(403);
    // Without the header of the console, too.
    const plain = { authorization: `Bearer ${API_KEY}` };
    expect((await ask(opened, 'GET /v1/keys', { cookie, headers: plain })).status).toBe(200);
  });
});

describe('requests that the page did not make', () => {
  it.each([`GET ${SESSION}`, `DELETE ${SESSION}`, 'GET /v1/status', 'DELETE /v1/calls/call-1'])(
    '%s is refused without the header',
    async (how) => {
      const opened = await open();
      const cookie = await signIn(opened);
      expect(await ask(opened, how, { cookie, headers: {} })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
      expect(opened.platform.cancelled).toEqual([]);
      expect((await ask(opened, `GET ${SESSION}`, { cookie })).status).toBe(200);
    },
  );

  it('a sign-in is refused without the header, so that no page signs its visitor in', async () => {
    const opened = await open();
    expect((await ask(opened, `POST ${SESSION}`, { body: OWNER, headers: {} })).status).toBe(403);
  });

  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('a page of another origin cannot write: %j', async (headers) => {
    const opened = await open();
    const cookie = await signIn(opened);
    const foreign = { cookie, headers: { ...CONSOLE, ...headers } as Record<string, string> };
    for (const how of ['DELETE /v1/calls/call-1', `DELETE ${SESSION}`]) {
      expect((await ask(opened, how, foreign)).status).toBe(403);
    }
    expect(opened.platform.cancelled).toEqual([]);
    expect((await ask(opened, `GET ${SESSION}`, { cookie })).status).toBe(200);
  });

  it('a form on another page changes nothing', async () => {
    const opened = await open();
    const cookie = await signIn(opened);
    for (const path of [SESSION, '/v1/keys', `/v1/authorizers/${ACCOUNT}/calls`]) {
      const response = await fetch(opened.gateway.url + path, {
        method: 'POST',
        headers: { cookie, origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
        body: 'name=admin&password=a-password',
      });
      expect(response.status).toBe(403);
    }
    expect(opened.platform.submitted).toEqual([]);
  });

  it('the browser is not permitted to send the header from elsewhere', async () => {
    const opened = await open();
    const response = await fetch(`${opened.gateway.url}/v1/status`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-headers': 'x-wx-console' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(response.headers.get('access-control-allow-headers')).toBeNull();
  });
});

describe('the session of a key', () => {
  const own = { scopes: ['calls', 'authorizers:read'], accounts: [ACCOUNT] } as const satisfies Partial<ApiKey>;

  it('reads what the key may read of its accounts, and nothing else', async () => {
    const opened = await open();
    const cookie = await signIn(opened, { key: give(opened.platform, own) });
    for (const [how, status] of [
      [`GET /v1/authorizers/${ACCOUNT}`, 200],
      [`GET /v1/calls?appid=${ACCOUNT}`, 200],
      [`GET /v1/authorizers/${OTHER}`, 403],
      [`GET /v1/calls?appid=${OTHER}`, 403],
      [`GET /v1/calls/${COMPONENT}.${OTHER}.${'A'.repeat(22)}`, 403],
      ['GET /v1/keys', 403],
      ['GET /v1/audit', 403],
      ['GET /v1/pushes', 403],
      ['GET /v1/reconciliations/x', 403],
      ['GET /v1/nothing', 404],
    ] as const) {
      expect([how, (await ask(opened, how, { cookie })).status]).toEqual([how, status]);
    }
  });

  it('writes nothing without the scope admin', async () => {
    const opened = await open();
    const everythingElse = keyScopes.filter((scope) => scope !== 'admin');
    const cookie = await signIn(opened, { key: give(opened.platform, { scopes: everythingElse }) });
    for (const how of [
      'DELETE /v1/calls/call-1',
      `POST /v1/authorizers/${ACCOUNT}/calls`,
      'POST /v1/authorizers/reconcile',
      `DELETE /v1/authorizers/${ACCOUNT}/pushes`,
      'POST /v1/subscriptions/s/pause',
    ]) {
      expect(await ask(opened, how, { cookie })).toMatchObject({
        status: 403,
        body: { code: 'forbidden', missing: { scope: 'admin' } },
      });
    }
    expect(opened.platform.cancelled).toEqual([]);
    expect(opened.platform.submitted).toEqual([]);
    expect(opened.platform.audited.map(({ action }) => action)).toEqual(['signed in']);
  });

  it('writes with it what its other scopes permit, and that is noted before', async () => {
    const opened = await open();
    const key = give(opened.platform, { name: 'night shift', scopes: ['calls', 'admin'] });
    const cookie = await signIn(opened, { key });
    opened.platform.audited.length = 0;
    expect((await ask(opened, 'DELETE /v1/calls/call-1', { cookie })).status).toBe(200);
    expect(opened.platform.audited).toMatchObject([
      { actor: { id: 'key:night shift' }, action: 'DELETE /v1/calls/:id', target: 'call-1' },
    ]);
    expect((await ask(opened, 'POST /v1/authorizers/reconcile', { cookie })).status).toBe(403);
    opened.platform.cancelled.length = 0;
    opened.platform.audit.note = () => Promise.reject(new Failure('database_unreachable', 'retry', 'away'));
    expect((await ask(opened, 'DELETE /v1/calls/call-1', { cookie })).status).toBe(503);
    expect(opened.platform.cancelled).toEqual([]);
  });

  it('counts on the rate of the key', async () => {
    const opened = await open();
    const cookie = await signIn(opened, { key: give(opened.platform) });
    opened.platform.apiKeys.admit = () => Promise.reject(new Failure('rate_limited', 'slow-down', 'too often'));
    expect(await ask(opened, 'GET /v1/status', { cookie })).toMatchObject({ status: 429 });
  });
});

it('what the owner reads is not noted, what the owner changes is', async () => {
  const opened = await open();
  const cookie = await signIn(opened);
  opened.platform.audited.length = 0;
  for (const how of ['GET /v1/keys', 'GET /v1/audit', 'GET /v1/status']) {
    expect((await ask(opened, how, { cookie })).status).toBe(200);
  }
  expect(opened.platform.audited).toEqual([]);
  const body = { name: 'shop', scopes: ['calls'] };
  const made = await ask(opened, 'POST /v1/keys', { cookie, body });
  expect(made).toMatchObject({ status: 201, body: { key: 'wxk_the-key', createdBy: 'owner' } });
  await ask(opened, `POST /v1/authorizers/${ACCOUNT}/quotas/clear`, { cookie, body: {} });
  expect(opened.platform.audited).toMatchObject([
    { actor: { id: 'owner' }, action: 'POST /v1/authorizers/:appid/quotas/clear', target: ACCOUNT },
  ]);
});

it('no credential is in a log line', async () => {
  const opened = await open();
  const key = give(opened.platform);
  const secrets = [OWNER.password, key, await signIn(opened), await signIn(opened, { key })];
  for (const cookie of secrets.slice(2)) await ask(opened, 'GET /v1/status', { cookie });
  await opened.gateway.logged('an operator signed in');
  const log = JSON.stringify(opened.gateway.log);
  for (const secret of secrets) expect(log).not.toContain(secret.replace(/^wx=/, ''));
});

describe('answers to a session', () => {
  it('have no body of a call, which its key receives', async () => {
    const opened = await open();
    opened.platform.calls.find = () => Promise.resolve(settledCall());
    const cookie = await signIn(opened);
    const shown = await ask(opened, 'GET /v1/calls/call-1', { cookie });
    const whole = await ask(opened, 'GET /v1/calls/call-1', { headers: { authorization: `Bearer ${API_KEY}` } });
    expect(whole.body.response).toMatchObject({ body: { errcode: 0 } });
    expect(shown.body).toEqual({
      ...whole.body,
      response: { ...(whole.body.response as object), body: null },
    });
  });
});
