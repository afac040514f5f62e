import type { KeyScope, PushView } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { describe, expect, test } from 'vitest';
import type { GatewayPlatform } from '../src/gateway-platform.ts';
import { ACCOUNT, apiKey, COMPONENT, fakePlatform } from './fake-platform.ts';
import { API_KEY, openGateway } from './open-gateway.ts';

const OTHER = 'wxa0000000000000002';
const at = new Date('2026-11-28T10:00:00.000Z');

function push(changes: Partial<PushView> = {}): PushView {
  return {
    ...{ id: '1lglnp7f58elovunc37204hdd3', component: COMPONENT, appid: ACCOUNT, handle: 'shop-17', nickName: '茶馆' },
    ...{ type: 'message.text', note: null, createTime: at, receivedAt: at, seq: 1_795_874_599_600_000, replied: null },
    deliveries: [
      {
        ...{ subscription: 'sub_1', push: '1lglnp7f58elovunc37204hdd3', seq: 1, component: COMPONENT, appid: ACCOUNT },
        ...{ type: 'message.text', state: 'delivered', attemptCount: 2, pendingAt: null, openedAt: at, status: 200 },
        ...{ code: null, ms: 5, settledAt: at, replay: null },
        reply: { state: 'passive', reason: null, callId: null },
      },
    ],
    ...changes,
  };
}

type Fake = GatewayPlatform['journal'];

async function open(given: Partial<Fake>) {
  const platform = fakePlatform();
  const unexpected = () => Promise.reject(new Error('not expected'));
  platform.journal = { list: unexpected, find: unexpected, ...given };
  const gateway = await openGateway(platform);
  const keyFor = (scopes: readonly KeyScope[], accounts: readonly string[] = []): string => {
    const text = `wxk_${'k'.repeat(16)}_${platform.given.size}`;
    platform.given.set(text, apiKey({ scopes, accounts }));
    return text;
  };
  const ask = async (path: string, key: string = API_KEY) => {
    const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } });
    return { status: response.status, body: await response.json() };
  };
  return { ask, keyFor };
}

const { deliveries: _, replied: __, ...plain } = push();
const shown = {
  ...plain,
  ...{ seq: '1795874599600000', createTime: at.toISOString(), receivedAt: at.toISOString() },
  deliveries: [
    { subscription: 'sub_1', state: 'delivered', attemptCount: 2, status: 200, code: null, replyState: 'passive' },
  ],
};

describe('pushes', () => {
  test('are listed by account, handle, type, time and person', async () => {
    const requests: unknown[] = [];
    const { ask } = await open({
      list: async (request) => {
        requests.push(request);
        return { items: [push()], next: 'more' };
      },
    });
    const query = `appid=${ACCOUNT}&handle=shop-17&type=message.*&since=2026-11-28T10:00:00Z&until=2026-11-28T18:00:00%2B08:00&openid=oA`;
    expect(await ask(`/v1/pushes?${query}&limit=7&cursor=x`)).toEqual({
      status: 200,
      body: { items: [shown], next: 'more' },
    });
    expect(requests).toEqual([
      {
        ...{ appid: ACCOUNT, handle: 'shop-17', type: 'message.*', openid: 'oA', limit: 7, cursor: 'x', own: [] },
        ...{ since: at, until: at },
      },
    ]);
    expect(await ask('/v1/pushes?since=yesterday')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  test('one has its content, or null if no key opens it', async () => {
    const found = [{ content: 'hi' }, null];
    const { ask } = await open({ find: async () => ({ ...push(), data: found.shift() ?? null }) });
    expect(await ask('/v1/pushes/1')).toEqual({ status: 200, body: { ...shown, data: { content: 'hi' } } });
    expect(await ask('/v1/pushes/1')).toEqual({ status: 200, body: { ...shown, data: null } });
  });

  test('have the nickname of their account only for a key that may read accounts', async () => {
    const { ask, keyFor } = await open({ find: async () => ({ ...push(), data: null }) });
    const namesFor = async (scopes: readonly KeyScope[]) => (await ask('/v1/pushes/1', keyFor(scopes))).body;
    expect(await namesFor(['pushes:read', 'authorizers:read'])).toMatchObject({ handle: 'shop-17', nickName: '茶馆' });
    expect(await namesFor(['pushes:read'])).toMatchObject({ handle: 'shop-17', nickName: null });
  });

  test('one that does not exist is 404 unknown_push', async () => {
    const { ask } = await open({ find: () => Promise.reject(new Failure('unknown_push', 'fix-request', 'none')) });
    expect(await ask('/v1/pushes/1')).toMatchObject({ status: 404, body: { code: 'unknown_push' } });
  });

  test('a key for certain accounts sees only theirs', async () => {
    const own: unknown[] = [];
    const pushes = [push(), push({ appid: OTHER }), push({ appid: null })];
    const { ask, keyFor } = await open({
      list: async (request) => {
        own.push(request.own);
        return { items: [], next: null };
      },
      find: async () => ({ ...pushes.shift()!, data: null }),
    });
    const key = keyFor(['pushes:read'], [ACCOUNT]);
    expect((await ask('/v1/pushes', key)).status).toBe(200);
    expect(own).toEqual([[ACCOUNT]]);
    const forbidden = (missing: object) => ({ status: 403, body: { code: 'forbidden', missing } });
    expect(await ask(`/v1/pushes?appid=${OTHER}`, key)).toMatchObject(forbidden({ account: OTHER }));
    expect((await ask('/v1/pushes/1', key)).status).toBe(200);
    expect(await ask('/v1/pushes/2', key)).toMatchObject(forbidden({ account: OTHER }));
    expect(await ask('/v1/pushes/3', key)).toMatchObject(forbidden({ restriction: 'accounts' }));
    const other = keyFor(['calls', 'pushes:write']);
    for (const path of ['/v1/pushes', '/v1/pushes/1', '/v1/push-types']) {
      expect(await ask(path, other)).toMatchObject(forbidden({ scope: 'pushes:read' }));
    }
  });

  test('their types are described in both languages', async () => {
    const { ask, keyFor } = await open({});
    const answer = await ask('/v1/push-types', keyFor(['pushes:read'], [ACCOUNT]));
    const { items } = answer.body as { items: { type: string }[] };
    expect(items.find(({ type }) => type === 'event.scan')).toEqual({
      type: 'event.scan',
      fields: ['EventKey', 'Ticket'],
      replies: ['text', 'image', 'voice', 'video', 'music', 'news', 'transfer'],
      lateWindowMs: 60_000,
      description: { zh: expect.any(String), en: expect.any(String) },
    });
  });
});
