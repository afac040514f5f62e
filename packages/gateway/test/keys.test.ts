import type { ApiKey, KeyScope } from '@wxthirdparty/platform';
import { keyScopes } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { app } from '../src/app.ts';
import { Shutdown } from '../src/http/shutdown.ts';
import { openApiKeys } from '../src/key/api-keys.ts';
import { Authenticator } from '../src/key/authenticator.ts';
import { routeRights } from '../src/key/route-rights.ts';
import { openVirtualTokens } from '../src/virtual/virtual-token.ts';
import { ACCOUNT, apiKey, authorizer, COMPONENT, type FakePlatform, fakePlatform } from './fake-platform.ts';
import { API_KEY, bearer, type OpenedGateway, openGateway, surroundings } from './open-gateway.ts';

const OTHER = 'wxa0000000000000002';
const CALLS = `/v1/authorizers/${ACCOUNT}/calls`;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(gateway: OpenedGateway, how: string, key: string, body?: unknown): Promise<Answer> {
  const [method = 'GET', path = ''] = how.split(' ');
  const response = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

function give(platform: FakePlatform, changes: Partial<ApiKey> = {}): string {
  const text = `wxk_${'k'.repeat(16)}_${platform.given.size}`;
  platform.given.set(text, apiKey(changes));
  return text;
}

const call = { method: 'GET', path: '/cgi-bin/user/get' };

describe('the table of routes', () => {
  /** Every route that Express knows, however deep. */
  function routesOf(stack: readonly Layer[]): string[] {
    return stack.flatMap((layer) => {
      if (layer.route === undefined) return routesOf(layer.handle?.stack ?? []);
      const { path, methods } = layer.route;
      return Object.keys(methods).map((method) => `${method} ${path}`);
    });
  }
  interface Layer {
    readonly route?: { readonly path: string; readonly methods: Record<string, boolean> };
    readonly handle?: { readonly stack?: readonly Layer[] };
  }

  test('holds every route under /v1, so that none is for operators only by mistake', () => {
    const platform = fakePlatform();
    const admin = { user: 'a', write: false };
    const settings = {
      port: 0,
      host: '',
      returnToOrigins: [],
      secretsKeys: [],
      admin,
      doctor: surroundings,
      shutdownMs: 1,
    };
    const authenticator = new Authenticator(openApiKeys(undefined, platform.apiKeys));
    const application = app(
      platform,
      settings,
      () => 'http://localhost',
      authenticator,
      new Shutdown(),
      pino({ level: 'silent' }),
    );
    const { stack } = (application as unknown as { router: { stack: readonly Layer[] } }).router;
    const all = routesOf(stack).filter((name) => name.includes(' /v1'));
    const table = routeRights.map(({ method, path }) => `${method} ${path}`);
    // The guard's own routes are the table; what is left are the routes themselves.
    expect(all.slice(0, table.length)).toEqual(table);
    const routes = all.slice(table.length);
    expect(routes.length).toBeGreaterThanOrEqual(30);
    expect(routes.filter((name) => !table.includes(name))).toEqual([]);
  });

  test('names no route twice, and the account only where the path has it', () => {
    const names = routeRights.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { path, accounts } of routeRights) {
      if (accounts === 'named') expect(path).toContain('/:appid');
      if (accounts === 'call') expect(path).toMatch(/^\/v1\/calls\/:id/);
    }
  });

  test.each(['/v1/nothing', '/v1', '/v1/keys/x/y', `/v1/authorizers/${ACCOUNT}/secrets`])(
    'what is not in it (%s) is for operators only',
    async (path) => {
      const platform = fakePlatform();
      const gateway = await openGateway(platform);
      const others = give(platform, { scopes: keyScopes.filter((scope) => scope !== 'admin') });
      expect(await ask(gateway, `GET ${path}`, others)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(platform.audited).toEqual([]);
      const operators = give(platform, { id: 'ffffffffffffffff', scopes: ['admin'] });
      expect(await ask(gateway, `GET ${path}`, operators)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(platform.audited).toMatchObject([{ actor: { id: 'ffffffffffffffff' }, action: 'GET an unlisted route' }]);
    },
  );
});

test.each([
  [`GET ${CALLS}`, 'POST'],
  ['PUT /v1/keys', 'GET, POST'],
  ['DELETE /v1/calls', 'GET'],
  ['PATCH /v1/calls/call-1', 'GET, DELETE'],
])('%s is answered with the permitted methods, whatever the rights of the key', async (how, allowed) => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  for (const scope of keyScopes) {
    const answer = await ask(gateway, how, give(platform, { scopes: [scope] }));
    expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed', remedy: 'fix-request' } });
    expect(answer.headers.get('allow')).toBe(allowed);
    expect(answer.body.detail).toContain(allowed);
  }
  expect(await ask(gateway, how, 'wrong')).toMatchObject({ status: 401 });
});

const routes: readonly [how: string, scope: KeyScope | 'any', body?: unknown][] = [
  ['GET /v1/status', 'any'],
  ['GET /v1/authorizers', 'authorizers:read'],
  [`GET /v1/authorizers/${ACCOUNT}`, 'authorizers:read'],
  [`POST ${CALLS}`, 'calls', call],
  ['GET /v1/calls/call-1', 'calls'],
  ['GET /v1/keys', 'admin'],
  ['POST /v1/keys', 'admin', { name: 'n', scopes: ['calls'] }],
  ['DELETE /v1/keys/0123456789abcdef', 'admin'],
  ['GET /v1/audit', 'admin'],
  // However Express reads a path, the table reads it, too.
  ['GET /V1/Keys/', 'admin'],
  ['HEAD /v1/audit', 'admin'],
  [`GET /v1/authorizers/${ACCOUNT.replace('w', '%77')}`, 'authorizers:read'],
];

test.each(routes)('%s needs %s', async (how, needed, body) => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  for (const scope of keyScopes) {
    const answer = await ask(gateway, how, give(platform, { scopes: [scope] }), body);
    if (needed === 'any' || scope === needed) {
      expect(answer.status, scope).toBeLessThan(300);
    } else {
      expect(answer.status, scope).toBe(403);
      if (!how.startsWith('HEAD')) {
        expect(answer.body).toMatchObject({ code: 'forbidden', remedy: 'fix-request', missing: { scope: needed } });
        expect(answer.body.detail).toContain(needed);
      }
    }
  }
  expect((await ask(gateway, how, API_KEY, body)).status).toBeLessThan(300);
});

describe('a key for certain accounts', () => {
  test('acts for these only', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const key = give(platform, { accounts: [ACCOUNT], scopes: ['calls', 'authorizers:read', 'authorizers:write'] });
    expect((await ask(gateway, `POST ${CALLS}`, key, call)).status).toBe(200);
    expect((await ask(gateway, `GET /v1/authorizers/${ACCOUNT}`, key)).status).toBe(200);
    for (const [how, body] of [
      [`POST /v1/authorizers/${OTHER}/calls`, call],
      [`GET /v1/authorizers/${OTHER}`, undefined],
      [`GET /v1/calls/${COMPONENT}.${OTHER}.${'r'.repeat(22)}`, undefined],
    ] as const) {
      const answer = await ask(gateway, how, key, body);
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden', missing: { account: OTHER } } });
      expect(answer.body.detail).toContain(OTHER);
    }
    expect(platform.submitted).toHaveLength(1);
    const whole = await ask(gateway, 'POST /v1/authorizers/reconcile', key);
    expect(whole).toMatchObject({ status: 403, body: { missing: { restriction: 'accounts' } } });
  });

  test('sees these only', async () => {
    const platform = fakePlatform();
    const pages: unknown[] = [];
    platform.authorizers.list = ({ signal: _, ...page }) => {
      pages.push(page);
      return Promise.resolve({ items: [authorizer()], next: null });
    };
    const gateway = await openGateway(platform);
    await ask(
      gateway,
      'GET /v1/authorizers?accounts=x',
      give(platform, { scopes: ['authorizers:read'], accounts: [ACCOUNT] }),
    );
    expect(pages).toEqual([{ limit: 100, accounts: [ACCOUNT], withTest: false }]);
  });
});

test('a key sees and steers the follower syncs of its own accounts only', async () => {
  const platform = fakePlatform();
  const steered: string[] = [];
  const sync = (id: string) => ({ id, appid: id === 'mine' ? ACCOUNT : OTHER, state: 'completed' });
  platform.followerSyncs = {
    find: (id: string) => Promise.resolve(sync(id)),
    pause: (id: string) => {
      steered.push(id);
      return Promise.resolve(sync(id));
    },
  } as unknown as FakePlatform['followerSyncs'];
  const gateway = await openGateway(platform);
  const key = give(platform, { accounts: [ACCOUNT], scopes: ['followers:read', 'authorizers:write'] });
  for (const [how, status] of [
    ['GET /v1/follower-syncs/mine', 200],
    ['GET /v1/follower-syncs/theirs', 403],
    ['GET /v1/follower-syncs/theirs/events', 403],
    ['POST /v1/follower-syncs/theirs/pause', 403],
    ['POST /v1/follower-syncs/mine/pause', 200],
  ] as const) {
    expect((await ask(gateway, how, key)).status, how).toBe(status);
  }
  expect(steered).toEqual(['mine']);
});

test('an answer that goes on for long is cut off when its key is revoked', async () => {
  const platform = fakePlatform();
  const key = give(platform, { scopes: ['followers:read'] });
  let pages = 0;
  platform.followers = {
    stream: () =>
      Promise.resolve(
        (async function* () {
          for (; pages < 100; pages++) {
            if (pages === 3) platform.given.clear();
            yield [{ openid: `o${pages}`, tagIds: [] }];
          }
        })(),
      ),
  } as unknown as FakePlatform['followers'];
  const gateway = await openGateway(platform);
  const whole = fetch(`${gateway.url}/v1/authorizers/${ACCOUNT}/followers.ndjson`, {
    headers: { authorization: `Bearer ${key}` },
  }).then((response) => response.text());
  await expect(whole).rejects.toThrow();
  expect(pages).toBe(3);
});

test('a key for certain paths calls these only, and sees no other call', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const key = give(platform, { paths: ['/cgi-bin/message/*'] });
  const sent = { method: 'POST', path: '/cgi-bin/message/custom/send', body: {} };
  expect((await ask(gateway, `POST ${CALLS}`, key, sent)).status).toBe(200);
  expect(await ask(gateway, `POST ${CALLS}`, key, call)).toMatchObject({
    status: 403,
    body: { code: 'forbidden', missing: { path: '/cgi-bin/user/get' } },
  });
  // The fake's call is one of /cgi-bin/user/get.
  expect((await ask(gateway, 'GET /v1/calls/call-1', key)).status).toBe(403);
  expect((await ask(gateway, 'DELETE /v1/calls/call-1', key)).status).toBe(403);
  expect(platform.cancelled).toEqual([]);
  expect(platform.submitted.map(({ path }) => path)).toEqual([sent.path]);
});

test('of a batch a key is refused only the calls that it is not for', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const key = give(platform, { accounts: [ACCOUNT, COMPONENT], paths: ['/cgi-bin/message/*'] });
  const send = { method: 'POST', path: '/cgi-bin/message/custom/send', body: {} };
  const { status, body } = await ask(gateway, 'POST /v1/calls/batch', key, {
    calls: [
      { ...send, appid: ACCOUNT },
      { ...send, appid: OTHER },
      { ...call, appid: ACCOUNT },
      { ...call, appid: OTHER },
      { ...send, appid: 7 },
      { ...send, appid: COMPONENT, component: COMPONENT },
    ],
  });
  expect(status).toBe(202);
  const forbidden = (missing: object) => ({ problem: { code: 'forbidden', status: 403, missing } });
  expect(body.items).toMatchObject([
    { id: 'call-1' },
    forbidden({ account: OTHER }),
    forbidden({ path: call.path }),
    forbidden({ account: OTHER }),
    { problem: { code: 'invalid_request' } },
    { id: 'call-2' },
  ]);
  expect(platform.submitted.map(({ appid, path }) => [appid, path])).toEqual([
    [ACCOUNT, send.path],
    [COMPONENT, send.path],
  ]);
  expect((await ask(gateway, 'POST /v1/calls/batch', give(platform, { scopes: ['admin'] }), {})).status).toBe(403);
});

test('of a list a key sees only the calls that it is for', async () => {
  const platform = fakePlatform();
  const shown: boolean[] = [];
  platform.callList.page = ({ shows }) => {
    shown.push(shows!('/cgi-bin/message/custom/send'), shows!('/cgi-bin/user/get'));
    return Promise.resolve({ items: [], next: null });
  };
  const gateway = await openGateway(platform);
  const key = give(platform, { accounts: [ACCOUNT], paths: ['/cgi-bin/message/*'] });
  expect((await ask(gateway, `GET /v1/calls?appid=${ACCOUNT}`, key)).status).toBe(200);
  expect(shown).toEqual([true, false]);
  const failed: boolean[] = [];
  platform.failedCalls.page = ({ shows }) => {
    const [path, other] = ['/cgi-bin/message/custom/send', '/cgi-bin/user/get'];
    failed.push(
      shows!({ appid: ACCOUNT, path }),
      shows!({ appid: ACCOUNT, path: other }),
      shows!({ appid: OTHER, path }),
    );
    return Promise.resolve({ items: [], next: null });
  };
  expect((await ask(gateway, `GET /v1/calls?component=${COMPONENT}&failed=true`, key)).status).toBe(200);
  expect(failed).toEqual([true, false, false]);
  for (const [query, missing] of [
    [`appid=${OTHER}`, { account: OTHER }],
    [`appid=${ACCOUNT}&appid=${OTHER}`, { account: `${ACCOUNT},${OTHER}` }],
    [`appid=${ACCOUNT}&path=/cgi-bin/user/get`, { path: '/cgi-bin/user/get' }],
  ] as const) {
    expect(await ask(gateway, `GET /v1/calls?${query}`, key)).toMatchObject({ status: 403, body: { missing } });
  }
});

test('a key with too many requests learns when to repeat them', async () => {
  const platform = fakePlatform();
  platform.apiKeys.admit = () =>
    Promise.reject(new Failure('rate_limited', 'slow-down', 'too often', { retryAfterMs: 1_200 }));
  const gateway = await openGateway(platform);
  const answer = await ask(gateway, 'GET /v1/status', give(platform, { ratePerSecond: 1 }));
  expect(answer).toMatchObject({ status: 429, body: { code: 'rate_limited', remedy: 'slow-down', retryAfter: 2 } });
  expect(answer.headers.get('retry-after')).toBe('2');
  expect((await ask(gateway, 'GET /v1/status', API_KEY)).status).toBe(200);
});

describe('keys are', () => {
  test('made, and shown once', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const answer = await ask(gateway, 'POST /v1/keys', API_KEY, {
      name: 'shop',
      scopes: ['calls'],
      accounts: [ACCOUNT],
      paths: ['/cgi-bin/message/*'],
      expiresAt: '2999-01-01T08:00:00+08:00',
      ratePerSecond: 5,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      id: '0123456789abcdef',
      key: 'wxk_the-key',
      name: 'shop',
      scopes: ['calls'],
      accounts: [ACCOUNT],
      paths: ['/cgi-bin/message/*'],
      ratePerSecond: 5,
      expiresAt: '2999-01-01T00:00:00.000Z',
      createdAt: '2026-11-22T10:00:00.000Z',
      createdBy: 'API_KEY',
      revokedAt: null,
      lastUsedAt: null,
    });
    // The store tells the audit, in the same transaction.
    expect(platform.audited).toEqual([]);
    expect(JSON.stringify(gateway.log)).not.toContain('wxk_the-key');
  });

  test.each([
    [{}],
    [{ name: 'n' }],
    [{ name: 'n', scopes: [] }],
    [{ name: 'n', scopes: ['root'] }],
    [{ name: 'n', scopes: ['calls'], accounts: ['a b'] }],
    [{ name: 'n', scopes: ['calls'], paths: ['x'] }],
    [{ name: 'n', scopes: ['calls'], expiresAt: 'tomorrow' }],
    [{ name: 'n', scopes: ['calls'], ratePerSecond: 0 }],
    [{ name: 'n', scopes: ['calls'], more: 1 }],
    ['{'],
  ])('not made of %j', async (body) => {
    const gateway = await openGateway(fakePlatform());
    const answer = await ask(gateway, 'POST /v1/keys', API_KEY, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  test('made for as many accounts and paths as they may be for', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const accounts = Array.from({ length: 1_000 }, (_, i) => `wx${String(i).padStart(62, '0')}`);
    const paths = Array.from({ length: 1_000 }, (_, i) => `/cgi-bin/${String(i).padStart(247, 'x')}`);
    const input = { name: 'large', scopes: ['calls'], accounts, paths };
    const made = await ask(gateway, 'POST /v1/keys', API_KEY, input);
    expect(made).toMatchObject({ status: 201, body: { accounts, paths } });
    const tooMany = { ...input, accounts: [...accounts, 'wxa'] };
    expect((await ask(gateway, 'POST /v1/keys', API_KEY, tooMany)).status).toBe(400);
  });

  test('listed without themselves', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    give(platform, { name: 'shop', hash: 'h' } as object);
    const { body } = await ask(gateway, 'GET /v1/keys?limit=5', API_KEY);
    expect(body).toMatchObject({ items: [{ id: '0123456789abcdef', name: 'shop' }], next: null });
    expect(Object.keys((body.items as object[])[0]!)).not.toContain('hash');
    expect(platform.audited).toMatchObject([
      { actor: { id: 'API_KEY', address: '127.0.0.1' }, action: 'GET /v1/keys' },
    ]);
    expect((await ask(gateway, 'GET /v1/keys?limit=0', API_KEY)).status).toBe(400);
  });

  test('revoked', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    give(platform);
    expect((await ask(gateway, 'DELETE /v1/keys/0123456789abcdef', API_KEY)).status).toBe(204);
    const answer = await ask(gateway, 'DELETE /v1/keys/unknown', API_KEY);
    expect(answer).toMatchObject({ status: 404, body: { code: 'unknown_key' } });
  });
});

test('the audit is shown, with the names of keys', async () => {
  const platform = fakePlatform();
  platform.apiKeys.namesOf = async (ids) => new Map(ids.includes('k1') ? [['k1', 'crm']] : []);
  const at = new Date('2026-11-22T10:00:00Z');
  const actor = { id: 'API_KEY', address: '::1', requestId: 'r' };
  platform.audit.list = () =>
    Promise.resolve({ items: [{ id: 'a1', at, actor, action: 'key created', target: 'k1' }], next: 'c' });
  const gateway = await openGateway(platform);
  expect((await ask(gateway, 'GET /v1/audit', API_KEY)).body).toEqual({
    items: [
      {
        id: 'a1',
        at: '2026-11-22T10:00:00.000Z',
        actor: 'API_KEY',
        actorName: null,
        action: 'key created',
        target: 'k1',
        targetName: 'crm',
        address: '::1',
        requestId: 'r',
      },
    ],
    next: 'c',
  });
});

test('what cannot be audited is not done', async () => {
  const platform = fakePlatform();
  let listed = false;
  platform.apiKeys.list = () => {
    listed = true;
    return Promise.resolve({ items: [], next: null });
  };
  platform.audit.note = () => Promise.reject(new Failure('database_unreachable', 'retry', 'away'));
  const gateway = await openGateway(platform);
  expect((await ask(gateway, 'GET /v1/keys', API_KEY)).status).toBe(503);
  expect(listed).toBe(false);
});

test('each request’s line in the log names the key by its id', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  await ask(gateway, 'GET /v1/status', give(platform));
  expect(await gateway.logged('request')).toMatchObject({ key: '0123456789abcdef' });
  expect(JSON.stringify(gateway.log)).not.toContain('wxk_');
});

describe('guessing', () => {
  test('is limited at both APIs together, for one address, and never for a good key', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform, { trustProxy: '1' });
    const from = (address: string, key: string) =>
      fetch(`${gateway.url}/v1/status`, { headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': address } });
    const token = (address: string, secret: string) =>
      fetch(`${gateway.url}/cgi-bin/token?grant_type=client_credential&appid=${ACCOUNT}&secret=${secret}`, {
        headers: { 'x-forwarded-for': address },
      });
    expect((await from('1.1.1.1', API_KEY)).status).toBe(200);
    for (let n = 0; n < 10; n++) expect((await from('1.1.1.1', `guess-${n}`)).status).toBe(401);
    for (let n = 10; n < 20; n++) {
      expect(await (await token('1.1.1.1', `guess-${n}`)).json()).toMatchObject({ errcode: 40125 });
    }
    const refused = await from('1.1.1.1', 'guess-20');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'too_many_guesses', remedy: 'slow-down' });
    expect(await (await token('1.1.1.1', 'guess-21')).json()).toMatchObject({ errcode: 45011 });
    // Also one that this gateway sees for the first time.
    const key = give(platform);
    expect((await from('1.1.1.1', key)).status).toBe(200);
    expect(await (await token('1.1.1.1', key)).json()).toMatchObject({ expires_in: 7200 });
    expect((await from('1.1.1.1', API_KEY)).status).toBe(200);
    expect((await from('2.2.2.2', 'guess')).status).toBe(401);
  });

  test('is not what a missing key is', async () => {
    const gateway = await openGateway(fakePlatform());
    for (let n = 0; n < 30; n++) expect((await fetch(`${gateway.url}/v1/status`)).status).toBe(401);
    expect((await fetch(`${gateway.url}/v1/status`, { headers: bearer })).status).toBe(200);
  });
});

describe('the virtual WeChat', () => {
  const credentials = (secret: string, appid = ACCOUNT) =>
    `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${secret}`;
  const get = async (gateway: OpenedGateway, path: string) => {
    const response = await fetch(gateway.url + path);
    expect(response.status).toBe(200);
    return (await response.json()) as { errcode?: number; errmsg?: string; access_token?: string };
  };

  test('gives a token to a key for calls, and it dies with the key', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const key = give(platform);
    const { access_token: token } = await get(gateway, credentials(key));
    expect(await get(gateway, `/cgi-bin/user/get?access_token=${token}`)).toMatchObject({ errcode: 0 });
    expect(await gateway.logged('virtual WeChat')).toBeDefined();
    expect(gateway.log.filter((line) => line.msg === 'virtual WeChat').at(-1)).toMatchObject({
      key: '0123456789abcdef',
      appid: ACCOUNT,
    });
    platform.given.clear();
    expect(await get(gateway, `/cgi-bin/user/get?access_token=${token}`)).toMatchObject({ errcode: 40001 });
    expect(await get(gateway, credentials(key))).toMatchObject({ errcode: 40125 });
  });

  test('holds keys to what they are for', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const other = await get(gateway, credentials(give(platform, { accounts: [OTHER] })));
    expect(other).toMatchObject({ errcode: 61003, errmsg: expect.stringContaining(ACCOUNT) });
    const named = await get(gateway, credentials(give(platform, { accounts: [OTHER] }), `${COMPONENT}:${ACCOUNT}`));
    expect(named).toMatchObject({ errcode: 61003 });
    const scope = await get(gateway, credentials(give(platform, { scopes: ['admin', 'authorizers:read'] })));
    expect(scope).toMatchObject({ errcode: 48001, errmsg: expect.stringContaining('calls') });

    const key = give(platform, { id: 'aaaaaaaaaaaaaaaa', accounts: [ACCOUNT], paths: ['/cgi-bin/menu/get'] });
    const { access_token: token } = await get(gateway, credentials(key));
    expect(await get(gateway, `/cgi-bin/menu/get?access_token=${token}`)).toMatchObject({ errcode: 0 });
    expect(await get(gateway, `/cgi-bin/user/get?access_token=${token}`)).toMatchObject({
      errcode: 48001,
      errmsg: expect.stringContaining('/cgi-bin/user/get'),
    });
    expect(platform.submitted).toHaveLength(1);
  });

  test('logs people in to the accounts of the key only, and for components only with theirs', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const key = give(platform, { accounts: [ACCOUNT], paths: ['/sns/jscode2session'] });
    const login = (appid: string) => `/sns/jscode2session?appid=${appid}&secret=${key}&js_code=c`;
    expect(await get(gateway, login(ACCOUNT))).toMatchObject({ errcode: 0 });
    expect(await get(gateway, login(OTHER))).toMatchObject({ errcode: 61003 });
    expect(await get(gateway, `/sns/oauth2/access_token?appid=${ACCOUNT}&secret=${key}&code=c`)).toMatchObject({
      errcode: 48001,
    });
    expect(await get(gateway, login(ACCOUNT).replace(key, 'wrong'))).toMatchObject({ errcode: 40125 });
    expect(await get(gateway, credentials(key, COMPONENT))).toMatchObject({ errcode: 61003 });
    // Beside a person's own token, too: whose account is not named is the component's.
    const user = (query: string) =>
      fetch(`${gateway.url}/sns/userinfo?access_token=of-a-person${query}`, {
        headers: { authorization: `Bearer ${give(platform, { accounts: [ACCOUNT] })}` },
      }).then((response) => response.json());
    expect(await user('')).toMatchObject({ errcode: 61003 });
    expect(await user(`&appid=${ACCOUNT}`)).toMatchObject({ errcode: 0 });
    expect(platform.submitted.map(({ appid }) => appid)).toEqual([ACCOUNT, ACCOUNT]);
  });

  test('a token says for whom it is, but its key decides', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    give(platform, { accounts: [OTHER] });
    const token = openVirtualTokens([Buffer.alloc(32, 7)]).sign({
      keyFingerprint: '0123456789abcdef',
      component: COMPONENT,
      appid: ACCOUNT,
    });
    expect(await get(gateway, `/cgi-bin/user/get?access_token=${token}`)).toMatchObject({ errcode: 61003 });
    expect(platform.submitted).toEqual([]);
  });

  test('a key that asks too often is refused as WeChat would', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const key = give(platform, { ratePerSecond: 1 });
    const { access_token: token } = await get(gateway, credentials(key));
    platform.apiKeys.admit = () => Promise.reject(new Failure('rate_limited', 'slow-down', 'too often'));
    expect(await get(gateway, credentials(key))).toMatchObject({ errcode: 45011 });
    expect(await get(gateway, `/cgi-bin/user/get?access_token=${token}`)).toMatchObject({ errcode: 45011 });
    expect(platform.submitted).toEqual([]);
  });

  test('while keys cannot be read every request is refused, with the advice to repeat it', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const { access_token: token } = await get(gateway, credentials(give(platform)));
    platform.apiKeys.find = () => Promise.reject(new Error('down'));
    expect(await get(gateway, `/cgi-bin/user/get?access_token=${token}`)).toMatchObject({ errcode: -1 });
    expect(platform.submitted).toEqual([]);
  });
});
