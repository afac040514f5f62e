import type { ApiKey, Quota } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  apiKey,
  authorizer,
  COMPONENT,
  componentView,
  type FakePlatform,
  fakePlatform,
  link,
  reconciliation,
} from './fake-platform.ts';
import { bearer, openGateway } from './open-gateway.ts';

const OTHER = 'wxa0000000000000002';
const at = new Date('2026-11-22T10:00:00Z');
const iso = '2026-11-22T10:00:00.000Z';

/** A key of this account only. */
function give(platform: FakePlatform, changes: Partial<ApiKey>): { authorization: string } {
  const text = `wxk_${'k'.repeat(16)}_${platform.given.size}`;
  platform.given.set(text, apiKey({ accounts: [ACCOUNT], ...changes }));
  return { authorization: `Bearer ${text}` };
}

async function read(url: string, headers: Record<string, string> = bearer) {
  const response = await fetch(url, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('a search passes its filters on, and answers without activity unless it is asked for', async () => {
  const platform = fakePlatform();
  const requests: Record<string, unknown>[] = [];
  platform.authorizers.list = ({ signal: _, ...request }) => {
    requests.push(request);
    return Promise.resolve({ items: [authorizer()], next: null });
  };
  platform.accountActivities.of = async (accounts) =>
    accounts.map(() => ({
      tokenExpiresAt: at,
      tokenFailure: { code: 'c', remedy: 'operator', message: 'm', errcode: undefined, at },
      lastCallAt: null,
      lastPushAt: at,
      quota: { path: '/cgi-bin/message/custom/send', used: 8, limit: 10 },
    }));
  const { url } = await openGateway(platform);
  const query = new URLSearchParams({ q: '茶 & 100%', kind: 'mini-program', scope: '15', component: COMPONENT });
  const plain = await read(`${url}/v1/authorizers?${query}`);
  expect(requests).toEqual([
    {
      ...{ q: '茶 & 100%', kind: 'mini-program', scope: 15, component: COMPONENT },
      ...{ limit: 100, withTest: false, accounts: [] },
    },
  ]);
  expect(plain.body.items).toEqual([expect.not.objectContaining({ activity: expect.anything() })]);
  const { body } = await read(`${url}/v1/authorizers?include=activity`);
  expect(body.items).toMatchObject([
    {
      appid: ACCOUNT,
      activity: {
        tokenFailure: { code: 'c', remedy: 'operator', message: 'm', errcode: null, at: iso },
        ...{ tokenExpiresAt: iso, lastCallAt: null, lastPushAt: iso },
        quota: { path: '/cgi-bin/message/custom/send', used: 8, limit: 10 },
      },
    },
  ]);
  expect((await read(`${url}/v1/authorizers/${ACCOUNT}?include=activity`)).body).toEqual((body.items as unknown[])[0]);
  for (const wrong of ['scope=x', 'kind=shop', 'include=all', `q=${'x'.repeat(101)}`]) {
    expect((await read(`${url}/v1/authorizers?${wrong}`)).status).toBe(400);
  }
});

test('totals and lists are of the accounts of the key', async () => {
  const platform = fakePlatform();
  const asked: unknown[] = [];
  platform.authorizers.totals = async (component, accounts) => {
    asked.push([component, accounts]);
    return {
      total: 1,
      byState: { active: 1, 'needs-reauthorization': 0, revoked: 0 },
      byKind: { 'official-account': 1, 'mini-program': 0, unknown: 0 },
      at,
    };
  };
  platform.authorizationLinks.list = async ({ accounts }) => {
    asked.push(accounts);
    return { items: [link({ bizAppid: ACCOUNT })], next: 'more' };
  };
  platform.followerSyncs = {
    ...platform.followerSyncs,
    listAll: async ({ accounts, state }) => {
      asked.push([state, accounts]);
      return { items: [], next: null };
    },
  };
  const { url } = await openGateway(platform);
  const key = give(platform, { scopes: ['authorizers:read', 'followers:read'] });
  expect((await read(`${url}/v1/authorizers/totals?component=${COMPONENT}`, key)).body).toEqual({
    total: 1,
    byState: { active: 1, 'needs-reauthorization': 0, revoked: 0 },
    byKind: { 'official-account': 1, 'mini-program': 0, unknown: 0 },
    at: iso,
  });
  expect((await read(`${url}/v1/authorization-links?state=pending`, key)).body).toMatchObject({ next: 'more' });
  expect((await read(`${url}/v1/follower-syncs?state=running`, key)).body).toEqual({ items: [], next: null });
  expect(asked).toEqual([[COMPONENT, [ACCOUNT]], [ACCOUNT], ['running', [ACCOUNT]]]);
  // It compares all accounts.
  expect((await read(`${url}/v1/reconciliations`, key)).status).toBe(403);
  expect((await read(`${url}/v1/reconciliations?state=completed`)).body).toMatchObject({
    items: [{ component: COMPONENT }],
  });
  expect((await read(`${url}/v1/reconciliations?state=bogus`)).status).toBe(400);
});

test('a key for certain accounts reads the links for these, and no other', async () => {
  const platform = fakePlatform();
  let found = link({ bizAppid: ACCOUNT });
  platform.authorizationLinks.find = () => Promise.resolve(found);
  const { url } = await openGateway(platform);
  const key = give(platform, { scopes: ['authorizers:read'] });
  const status = async () => (await read(`${url}/v1/authorization-links/a`, key)).status;
  expect(await status()).toBe(200);
  found = link({ bizAppid: null });
  expect(await status()).toBe(403);
  found = link({ bizAppid: OTHER });
  expect(await status()).toBe(403);
});

test('a component shows the URLs to enter at WeChat; what concerns all accounts only to a key for all', async () => {
  const platform = fakePlatform();
  const quota: Quota = {
    ...{
      path: '/cgi-bin/component/api_create_preauthcode',
      used: 1,
      limit: 10,
      source: 'catalogue' as const,
      remaining: 9,
    },
    ...{ closedUntil: undefined, minute: undefined, exhaustedAt: undefined },
  };
  const view = componentView({
    refusedIp: { ip: '60.221.*.*', at },
    quotas: [quota],
    lastReconciliation: reconciliation({}),
  });
  platform.componentViews = { all: async () => [view], find: async () => view };
  const { url } = await openGateway(platform, { publicUrl: 'https://wx.example.com' });
  const { body } = await read(`${url}/v1/components/${COMPONENT}`);
  expect(body).toMatchObject({
    appid: COMPONENT,
    ready: true,
    pushUrls: {
      events: `https://wx.example.com/wechat/${COMPONENT}/events`,
      messages: `https://wx.example.com/wechat/${COMPONENT}/messages/$APPID$`,
    },
    refusedIp: { ip: '60.221.*.*', at: iso },
    quotas: [{ path: quota.path, used: 1, limit: 10 }],
    lastReconciliation: { component: COMPONENT },
  });
  expect((await read(`${url}/v1/components`)).body).toEqual({ items: [body], next: null });
  const key = give(platform, { scopes: ['authorizers:read'] });
  expect((await read(`${url}/v1/components/${COMPONENT}`, key)).body).toEqual({
    ...body,
    quotas: [],
    lastReconciliation: null,
  });
});

test('a lane names only the paths that the key may call', async () => {
  const platform = fakePlatform();
  const waiting = (path: string) => ({ path, until: at, calls: 2 });
  const lane = { depth: 5, oldestAt: at, inFlight: 1, parked: 4, orderKeys: 2 };
  platform.laneViews.find = async () => ({ ...lane, waitingFor: [waiting('/cgi-bin/a'), waiting('/cgi-bin/b')] });
  const { url } = await openGateway(platform);
  const key = give(platform, { scopes: ['calls'], paths: ['/cgi-bin/b'] });
  expect((await read(`${url}/v1/authorizers/${ACCOUNT}/lane`, key)).body).toEqual({
    ...lane,
    oldestAt: iso,
    waitingFor: [{ path: '/cgi-bin/b', until: iso, calls: 2 }],
  });
  expect((await read(`${url}/v1/authorizers/${OTHER}/lane`, key)).status).toBe(403);
});

describe('the handle of an account', () => {
  const change = async (url: string, body: unknown, headers: Record<string, string> = bearer, appid = ACCOUNT) => {
    const response = await fetch(`${url}/v1/authorizers/${appid}?component=${COMPONENT}`, {
      ...{ method: 'PATCH', body: JSON.stringify(body) },
      headers: { ...headers, 'content-type': 'application/json' },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test('is chosen by the business', async () => {
    const { url } = await openGateway(fakePlatform());
    for (const handle of ['a', 'Shop_17-x', 'x'.repeat(64)]) {
      const { status, body } = await change(url, { handle });
      expect([status, body]).toEqual([200, expect.objectContaining({ appid: ACCOUNT, handle })]);
      expect(body.cookieValue).toBe('cookie-of-1');
    }
    expect(await change(url, { handle: 'x' }, bearer, OTHER)).toMatchObject({
      ...{ status: 404, body: { code: 'unknown_authorizer' } },
    });
  });

  test.each([
    [{ handle: '' }],
    [{ handle: 'x'.repeat(65) }],
    [{ handle: 'shop 17' }],
    [{ handle: '商店' }],
    [{ handle: 'shop-17\n' }],
    [{ handle: null }],
    [{}],
    [{ handle: 'x', nickName: 'y' }],
  ])('is refused in the form %j', async (body) => {
    const { url } = await openGateway(fakePlatform());
    expect(await change(url, body)).toMatchObject({
      ...{ status: 400, body: { code: 'invalid_request', remedy: 'fix-request' } },
    });
  });

  test('is refused with what is allowed', async () => {
    const { url } = await openGateway(fakePlatform());
    const { body } = await change(url, { handle: 'shop 17' });
    expect(body.detail).toBe('handle: a handle has 1 to 64 characters of A–Z, a–z, 0–9, _ and -');
  });

  test('that another account has is a conflict', async () => {
    const platform = fakePlatform();
    const taken = new Failure('handle_taken', 'fix-request', 'taken');
    platform.authorizers.setHandle = () => Promise.reject(taken);
    platform.authorizationLinks.create = () => Promise.reject(taken);
    const { url } = await openGateway(platform);
    expect(await change(url, { handle: 'x' })).toMatchObject({ status: 409, body: { code: 'handle_taken' } });
    const response = await fetch(`${url}/v1/components/${COMPONENT}/authorization-links`, {
      ...{ method: 'POST', body: '{"handle":"x"}' },
      headers: { ...bearer, 'content-type': 'application/json' },
    });
    expect(response.status).toBe(409);
  });

  test('needs the scope authorizers:write, and the account', async () => {
    const platform = fakePlatform();
    const { url } = await openGateway(platform);
    const reader = give(platform, { scopes: ['authorizers:read'] });
    expect(await change(url, { handle: 'x' }, reader)).toMatchObject({
      ...{ status: 403, body: { missing: { scope: 'authorizers:write' } } },
    });
    const writer = give(platform, { scopes: ['authorizers:write'] });
    expect((await change(url, { handle: 'x' }, writer)).status).toBe(200);
    expect((await change(url, { handle: 'x' }, writer, OTHER)).status).toBe(403);
  });

  test('restricts the list of calls, among the accounts of the key', async () => {
    const platform = fakePlatform();
    const asked: unknown[] = [];
    platform.callList.page = async ({ appid, component }) => {
      asked.push({ appid, component });
      return { items: [], next: null };
    };
    const { url } = await openGateway(platform);
    expect((await read(`${url}/v1/calls?handle=h1`)).status).toBe(200);
    expect(asked).toEqual([{ appid: ACCOUNT, component: COMPONENT }]);
    const empty = { status: 200, body: { items: [], next: null } };
    expect(await read(`${url}/v1/calls?handle=unknown`)).toEqual(empty);
    expect(await read(`${url}/v1/calls?handle=h1&appid=${OTHER}`)).toEqual(empty);
    // Whether a handle exists is not revealed.
    const other = give(platform, { scopes: ['calls'], accounts: [OTHER] });
    expect(await read(`${url}/v1/calls?handle=h1`, other)).toEqual(empty);
    expect(asked).toHaveLength(1);
    platform.authorizers.findByHandle = () => Promise.resolve([authorizer(), authorizer({ component: 'wxother' })]);
    expect(await read(`${url}/v1/calls?handle=h1`)).toMatchObject({
      ...{ status: 409, body: { code: 'ambiguous_component' } },
    });
  });

  test('is that of a link', async () => {
    const platform = fakePlatform();
    const { url } = await openGateway(platform);
    const create = async (body: unknown) => {
      const response = await fetch(`${url}/v1/components/${COMPONENT}/authorization-links`, {
        ...{ method: 'POST', body: JSON.stringify(body) },
        headers: { ...bearer, 'content-type': 'application/json' },
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    expect(await create({ handle: 'shop-17' })).toMatchObject({ status: 201, body: { handle: 'shop-17' } });
    expect(await create({})).toMatchObject({ status: 201, body: { handle: null } });
    expect(await create({ handle: 'shop 17' })).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});
