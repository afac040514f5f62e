import { randomBytes } from 'node:crypto';
import type { KeyScope } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { describe, expect, test } from 'vitest';
import type { GatewayPlatform } from '../src/gateway-platform.ts';
import {
  ACCOUNT,
  apiKey,
  authorizer,
  COMPONENT,
  type FakePlatform,
  fakePlatform,
  subscription,
} from './fake-platform.ts';
import { API_KEY, openGateway } from './open-gateway.ts';

const OTHER = 'wxa0000000000000002';
const at = new Date('2026-11-28T10:00:00.000Z');
const iso = at.toISOString();
const terms = { waitMs: 4_000, late: 'customer_message', fallback: null, maxInFlight: 100 } as const;

type Fake = GatewayPlatform['subscriptions'];

async function open(given: Partial<Fake> = {}) {
  const platform = fakePlatform();
  Object.assign(platform.subscriptions, given);
  const gateway = await openGateway(platform);
  const ask = async (how: string, { key = API_KEY, body }: { key?: string; body?: unknown } = {}) => {
    const [method = '', path = ''] = how.split(' ');
    const response = await fetch(gateway.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  };
  return { platform, ask };
}

function keyWith(platform: FakePlatform, scopes: readonly KeyScope[], accounts: readonly string[] = []): string {
  const text = `wxk_${'k'.repeat(16)}_${platform.given.size}`;
  platform.given.set(text, apiKey({ scopes, accounts }));
  return text;
}

const shown = {
  ...{ id: 'sub_1', name: 'orders', url: 'https://app.example.com/wx?key=1', messageUrl: null, format: 'json' },
  ...{ mode: null, component: null, filter: { types: ['message.*'] }, reply: null, maxInFlight: 10 },
  ...{ timeoutMs: 15_000, giveUpAfterMs: null, state: 'active', reason: null, failingSince: null },
  ...{
    lastSuccessAt: iso,
    behindSince: null,
    nextAttemptAt: null,
    createdByName: null,
    backlog: { pending: 0, atLeast: false, oldestAt: null },
  },
  ...{ lastFailure: { code: 'status', status: 500, at: iso }, lastTicket: null },
  ...{ createdBy: 'API_KEY', createdAt: iso, updatedAt: iso },
};

describe('a subscription', () => {
  test('is created with the defaults, and its secret is shown', async () => {
    const inputs: unknown[] = [];
    const { ask } = await open({
      create: (input) => {
        inputs.push(input);
        return Promise.resolve(subscription());
      },
    });
    const body = { name: 'orders', url: 'https://app.example.com/wx?key=1' };
    const answer = await ask('POST /v1/subscriptions', { body });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/v1/subscriptions/sub_1');
    expect(answer.body).toEqual({ ...shown, secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` });
    expect(inputs).toEqual([
      {
        ...{ ...body, format: 'json', token: null, encodingAesKey: null, filter: {} },
        ...{ maxInFlight: 10, timeoutMs: 15_000, giveUpAfterMs: null },
      },
    ]);
  });

  test('of a format of WeChat shows its token and key, too', async () => {
    const wechat = { token: 'shop', encodingAesKey: 'k'.repeat(43) };
    const secrets = { signing: [{ secret: Buffer.alloc(32, 1), until: null }], wechat };
    const { ask } = await open({ create: () => Promise.resolve(subscription({ format: 'wechat', secrets })) });
    const body = { name: 'n', url: 'https://a.example/', format: 'wechat', mode: 'plain', ...wechat };
    expect((await ask('POST /v1/subscriptions', { body })).body).toMatchObject(wechat);
  });

  test('takes the whole input of the contract, and fills what its parts lack', async () => {
    let input: unknown;
    const { ask } = await open({
      create: (given) => {
        input = given;
        return Promise.resolve(subscription());
      },
    });
    const filter = {
      ...{ types: ['message.*', 'event.subscribe', 'unreadable', '*'], accounts: [ACCOUNT], handles: ['shop-17'] },
      ...{ components: [COMPONENT], openids: ['o1'] },
      where: { Content: { prefix: '订单' }, EventKey: ['a', 'b'], Status: 'success' },
    };
    const body = {
      ...{ name: '订单 🛒', url: 'https://a.example/', format: 'wechat-component', component: COMPONENT },
      ...{ messageUrl: 'https://a.example/$APPID$', filter, maxInFlight: 100, timeoutMs: 60_000 },
      ...{ giveUpAfterMs: 60_000, reply: { waitMs: 500, late: null, fallback: { type: 'text', content: '稍候' } } },
    };
    expect((await ask('POST /v1/subscriptions', { body })).status).toBe(201);
    expect(input).toEqual({
      ...{ ...body, token: null, encodingAesKey: null },
      reply: { ...body.reply, maxInFlight: 100 },
    });
    await ask('POST /v1/subscriptions', { body: { name: 'n', url: 'https://a.example/', reply: {} } });
    expect(input).toMatchObject({ reply: terms });
  });

  const valid = { name: 'n', url: 'https://a.example/' };
  test.each<[string, object]>([
    ['url', { url: undefined }],
    ['name', { name: undefined }],
    ['name', { name: '' }],
    ['name', { name: 'n'.repeat(101) }],
    ['url', { url: `https://a.example/${'x'.repeat(2_048)}` }],
    ['colour', { colour: 'red' }],
    ['format', { format: 'xml' }],
    ['mode', { format: 'wechat', mode: 'clear' }],
    ['token', { format: 'wechat', token: 'ab' }],
    ['token', { format: 'wechat', token: 'with-dash' }],
    ['encodingAesKey', { format: 'wechat', encodingAesKey: 'k'.repeat(42) }],
    ['maxInFlight', { maxInFlight: 0 }],
    ['maxInFlight', { maxInFlight: 101 }],
    ['timeoutMs', { timeoutMs: 999 }],
    ['timeoutMs', { timeoutMs: 60_001 }],
    ['giveUpAfterMs', { giveUpAfterMs: 59_999 }],
    ['reply.waitMs', { reply: { waitMs: 499 } }],
    ['reply.waitMs', { reply: { waitMs: 4_501 } }],
    ['reply.late', { reply: { late: 'template' } }],
    ['reply.maxInFlight', { reply: { maxInFlight: 1_001 } }],
    ['reply.fallback', { reply: { fallback: { type: 'text', content: '' } } }],
    ['reply.fallback', { reply: { fallback: { type: 'text', content: 'x'.repeat(2_049) } } }],
    ['reply.fallback', { reply: { fallback: { type: 'dance' } } }],
    ['other', { reply: { other: 1 } }],
    ['filter.types', { filter: { types: ['Message.text'] } }],
    ['filter.types', { filter: { types: ['message.*.x'] } }],
    ['filter.types', { filter: { types: [''] } }],
    ['filter.types', { filter: { types: [] } }],
    ['filter.accounts', { filter: { accounts: Array(1_001).fill(ACCOUNT) } }],
    ['filter.handles', { filter: { handles: Array(1_001).fill('h') } }],
    ['filter.openids', { filter: { openids: Array(101).fill('o') } }],
    ['filter.where', { filter: { where: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`F${i}`, 'x'])) } }],
    ['filter.where.F', { filter: { where: { F: { suffix: 'x' } } } }],
    ['filter.where.F', { filter: { where: { F: Array(101).fill('x') } } }],
    ['topics', { filter: { topics: [] } }],
  ])('is refused for its %s: %j', async (name, change) => {
    const { ask } = await open();
    const answer = await ask('POST /v1/subscriptions', { body: { ...valid, ...change } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', remedy: 'fix-request' } });
    expect(answer.body.detail).toContain(name);
  });

  test('is answered with the problem that the platform reports', async () => {
    for (const [code, status] of [
      ['too_many_subscriptions', 409],
      ['address_unresolved', 400],
      ['address_not_allowed', 400],
    ] as const) {
      const { ask } = await open({ create: () => Promise.reject(new Failure(code, 'fix-request', 'no')) });
      expect(await ask('POST /v1/subscriptions', { body: valid })).toMatchObject({ status, body: { code } });
    }
    const unavailable = new Failure('unavailable', 'retry', 'An older process is live.');
    const { ask } = await open({ create: () => Promise.reject(unavailable) });
    const answer = await ask('POST /v1/subscriptions', { body: valid });
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable', remedy: 'retry' } });
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });

  test('is changed in the given fields only', async () => {
    const changes: unknown[] = [];
    const { ask } = await open({
      find: () => Promise.resolve(subscription()),
      change: (id, change, by) => {
        changes.push([id, change, by.id]);
        return Promise.resolve(subscription({ name: 'new' }));
      },
    });
    const answer = await ask('PATCH /v1/subscriptions/sub_1', {
      body: { name: 'new', reply: {}, giveUpAfterMs: null },
    });
    expect(answer).toMatchObject({ status: 200, body: { ...shown, name: 'new' } });
    expect(answer.body).not.toHaveProperty('secret');
    expect(changes).toEqual([['sub_1', { name: 'new', reply: terms, giveUpAfterMs: null }, 'API_KEY']]);
    for (const fixed of ['format', 'component', 'token', 'encodingAesKey', 'state']) {
      const refused = await ask('PATCH /v1/subscriptions/sub_1', { body: { [fixed]: 'json' } });
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(refused.body.detail).toContain(fixed);
    }
    expect(changes).toHaveLength(1);
  });

  test('is deleted', async () => {
    const deleted: string[] = [];
    const { ask } = await open({ delete: async (id) => void deleted.push(id) });
    expect(await ask('DELETE /v1/subscriptions/sub_1')).toMatchObject({ status: 204, body: null });
    expect(deleted).toEqual(['sub_1']);
  });

  test('gets new secrets, with an overlap of a day unless another one is given', async () => {
    const overlaps: number[] = [];
    const { ask } = await open({
      find: () => Promise.resolve(subscription()),
      rotateSecrets: (_, overlapMs) => {
        overlaps.push(overlapMs);
        return Promise.resolve({ signing: [{ secret: Buffer.alloc(32, 2), until: null }], wechat: null });
      },
    });
    const answer = await ask('POST /v1/subscriptions/sub_1/rotate-secret');
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({ secret: `whsec_${Buffer.alloc(32, 2).toString('base64')}` });
    await ask('POST /v1/subscriptions/sub_1/rotate-secret', { body: { overlapMs: 0 } });
    const tooLong = { overlapMs: 7 * 86_400_000 + 1 };
    expect((await ask('POST /v1/subscriptions/sub_1/rotate-secret', { body: tooLong })).status).toBe(400);
    expect(overlaps).toEqual([86_400_000, 0]);
  });
});

test('keys that only read see the origins of URLs, and no key sees a secret', async () => {
  const secrets = { signing: [{ secret: randomBytes(32), until: null }], wechat: { token: 't', encodingAesKey: 'k' } };
  const one = subscription({ secrets, messageUrl: 'https://old.example.com:8443/$APPID$?key=2' });
  const { platform, ask } = await open({
    find: () => Promise.resolve(one),
    list: () => Promise.resolve({ items: [one], next: null }),
  });
  const reads = keyWith(platform, ['pushes:read']);
  const origins = { url: 'https://app.example.com', messageUrl: 'https://old.example.com:8443' };
  const { body } = await ask('GET /v1/subscriptions/sub_1', { key: reads });
  expect(body).toEqual({ ...shown, ...origins });
  expect((await ask('GET /v1/subscriptions', { key: reads })).body).toEqual({ items: [body], next: null });
  const both = keyWith(platform, ['pushes:read', 'pushes:write']);
  expect((await ask('GET /v1/subscriptions/sub_1', { key: both })).body).toMatchObject({ url: one.url });
});

test('reading needs pushes:read, all else pushes:write', async () => {
  const { platform, ask } = await open({
    create: () => Promise.resolve(subscription()),
    find: () => Promise.resolve(subscription()),
    list: () => Promise.resolve({ items: [], next: null }),
    change: () => Promise.resolve(subscription()),
    delete: () => Promise.resolve(),
    rotateSecrets: () => Promise.resolve(subscription().secrets),
  });
  const [reads, writes] = [keyWith(platform, ['pushes:read']), keyWith(platform, ['pushes:write'])];
  for (const [how, needed, body] of [
    ['GET /v1/subscriptions', 'pushes:read'],
    ['GET /v1/subscriptions/sub_1', 'pushes:read'],
    ['POST /v1/subscriptions', 'pushes:write', { name: 'n', url: 'https://a.example/' }],
    ['PATCH /v1/subscriptions/sub_1', 'pushes:write', {}],
    ['DELETE /v1/subscriptions/sub_1', 'pushes:write'],
    ['POST /v1/subscriptions/sub_1/rotate-secret', 'pushes:write'],
  ] as const) {
    const [may, mayNot] = needed === 'pushes:read' ? [reads, writes] : [writes, reads];
    expect((await ask(how, { key: may, body })).status, how).toBeLessThan(300);
    const refused = await ask(how, { key: mayNot, body });
    expect(refused, how).toMatchObject({ status: 403, body: { missing: { scope: needed } } });
  }
});

describe('a key for certain accounts', () => {
  test('creates only what names accounts of its own, and nothing by handles', async () => {
    const created: unknown[] = [];
    const { platform, ask } = await open({
      create: (input) => {
        created.push(input.filter);
        return Promise.resolve(subscription());
      },
    });
    const key = keyWith(platform, ['pushes:write'], [ACCOUNT]);
    const create = (filter: object) =>
      ask('POST /v1/subscriptions', { key, body: { name: 'n', url: 'https://a.example/', filter } });
    for (const filter of [{}, { handles: ['h1'] }, { types: ['message.*'] }]) {
      expect(await create(filter)).toMatchObject({ status: 403, body: { missing: { restriction: 'accounts' } } });
    }
    for (const accounts of [[OTHER], [ACCOUNT, OTHER]]) {
      expect(await create({ accounts })).toMatchObject({ status: 403, body: { missing: { account: OTHER } } });
    }
    expect((await create({ accounts: [ACCOUNT], handles: ['h1'] })).status).toBe(201);
    expect(created).toEqual([{ accounts: [ACCOUNT], handles: ['h1'] }]);
  });

  test('sees and changes only subscriptions of its accounts', async () => {
    const changed: string[] = [];
    const all = [
      subscription({ id: 'mine', filter: { accounts: [ACCOUNT] } }),
      subscription({ id: 'theirs', filter: { accounts: [ACCOUNT, OTHER] } }),
      subscription({ id: 'all', filter: {} }),
      subscription({ id: 'handles', filter: { handles: ['h1'] } }),
    ];
    const change = (id: string) => {
      changed.push(id);
      return Promise.resolve(all[0]!);
    };
    const { platform, ask } = await open({
      list: () => Promise.resolve({ items: all, next: null }),
      find: (id) => Promise.resolve(all.find((one) => one.id === id)!),
      change,
      delete: async (id) => void (await change(id)),
      rotateSecrets: async (id) => (await change(id)).secrets,
    });
    const key = keyWith(platform, ['pushes:read', 'pushes:write'], [ACCOUNT]);
    const { body } = await ask('GET /v1/subscriptions', { key });
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['mine']);
    const requests = (id: string) =>
      [
        [`GET /v1/subscriptions/${id}`],
        [`PATCH /v1/subscriptions/${id}`, { name: 'x' }],
        [`POST /v1/subscriptions/${id}/rotate-secret`],
        [`DELETE /v1/subscriptions/${id}`],
      ] as const;
    for (const { id } of all.slice(1)) {
      for (const [how, body] of requests(id)) expect((await ask(how, { key, body })).status, how).toBe(403);
    }
    const toOthers = { filter: { accounts: [OTHER] } };
    expect((await ask('PATCH /v1/subscriptions/mine', { key, body: toOthers })).status).toBe(403);
    expect(changed).toEqual([]);
    for (const [how, body] of requests('mine')) expect((await ask(how, { key, body })).status, how).toBeLessThan(300);
    expect(changed).toEqual(['mine', 'mine', 'mine']);
  });
});

test('the list is restricted by state, and by an account or its handle', async () => {
  const pages: unknown[] = [];
  const all = [
    subscription({ id: 'account', filter: { accounts: [ACCOUNT] } }),
    subscription({ id: 'other', filter: { accounts: [OTHER] } }),
    subscription({ id: 'handle', filter: { handles: ['h1'] } }),
    subscription({ id: 'all', filter: { types: ['event.*'] } }),
    subscription({ id: 'component', component: 'wxanother', filter: {} }),
  ];
  const { platform, ask } = await open({
    list: (page) => {
      pages.push(page);
      return Promise.resolve({ items: all, next: 'c2' });
    },
  });
  platform.authorizers.list = ({ accounts, handle }) => {
    const isKnown = (accounts ?? [ACCOUNT]).includes(ACCOUNT) && (handle ?? 'h1') === 'h1';
    return Promise.resolve({ items: isKnown ? [authorizer()] : [], next: null });
  };
  const listed = async (query: string) => {
    const { body } = await ask(`GET /v1/subscriptions?${query}`);
    return body.items.map(({ id }: { id: string }) => id);
  };
  expect(await listed('')).toHaveLength(5);
  expect(await listed(`appid=${ACCOUNT}`)).toEqual(['account', 'handle', 'all']);
  expect(await listed('handle=h1')).toEqual(['account', 'handle', 'all']);
  expect(await listed(`appid=${OTHER}`)).toEqual(['other', 'all', 'component']);
  expect(await listed('handle=unknown')).toEqual([]);
  expect(await listed('state=failing&limit=7&cursor=c1')).toHaveLength(5);
  expect(pages.at(-1)).toEqual({ state: 'failing', limit: 7, cursor: 'c1' });
  expect((await ask('GET /v1/subscriptions?state=gone')).status).toBe(400);
});
