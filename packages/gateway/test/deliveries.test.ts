import type { DeliveryView, KeyScope, Replay, SealedPush } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { beforeEach, describe, expect, test } from 'vitest';
import { ACCOUNT, apiKey, COMPONENT, type FakePlatform, fakePlatform, subscription } from './fake-platform.ts';
import { API_KEY, openGateway } from './open-gateway.ts';

const OTHER = 'wxa0000000000000002';
const PUSH = '1lglnp7f58elovunc37204hdd3';
const at = new Date('2026-11-28T10:00:00.000Z');
const iso = at.toISOString();

const delivery: DeliveryView = {
  ...{ subscription: 'sub_own', push: PUSH, seq: 1_795_874_599_600_000, component: COMPONENT, appid: ACCOUNT },
  nickName: '茶馆',
  ...{ handle: 'shop-17', type: 'message.text', state: 'pending', attemptCount: 1, pendingAt: at, openedAt: at },
  ...{ status: 500, code: 'status', ms: 7, settledAt: null, replay: null },
  reply: { state: 'dropped', reason: 'late_disabled', callId: null },
};
const shown = {
  ...{ subscription: 'sub_own', push: PUSH, seq: '1795874599600000', component: COMPONENT, appid: ACCOUNT },
  nickName: '茶馆',
  ...{ handle: 'shop-17', type: 'message.text', state: 'pending', attemptCount: 1, nextAttemptAt: iso },
  ...{ status: 500, code: 'status', ms: 7, settledAt: null, replay: null },
  reply: { state: 'dropped', reason: 'late_disabled', callId: null },
};
const failure = { number: 1, at, status: 500, code: 'status', ms: 7, answer: 'no' } as const;
const replay: Replay = {
  ...{ id: 'rep_1', subscription: 'sub_own', since: at, until: at, only: 'missing', state: 'running', matched: 3 },
  ...{ createdAt: at, finishedAt: null, error: null },
};
const push: SealedPush = {
  ...{ component: COMPONENT, id: PUSH, appid: ACCOUNT, type: 'message.text', note: null, createTime: at },
  ...{ receivedAt: at, seq: 1, replied: null, sealed: Buffer.alloc(0) },
};
const subscriptions = {
  sub_own: subscription({ id: 'sub_own', filter: { accounts: [ACCOUNT] } }),
  sub_all: subscription({ id: 'sub_all', filter: {} }),
  sub_other: subscription({ id: 'sub_other', filter: { accounts: [OTHER] } }),
  sub_wechat: subscription({ id: 'sub_wechat', format: 'wechat', filter: {} }),
};

let platform: FakePlatform;
let did: unknown[];
beforeEach(() => {
  platform = fakePlatform();
  did = [];
  const note =
    <Result>(name: string, result: Result) =>
    async (...args: unknown[]) => {
      did.push([name, ...args]);
      return result;
    };
  const known = new Map(Object.entries(subscriptions));
  platform.subscriptions = {
    ...platform.subscriptions,
    find: async (id) => {
      const found = known.get(id);
      if (!found) throw new Failure('unknown_subscription', 'fix-request', 'There is none.');
      return found;
    },
  };
  platform.subscriptionPauses = {
    pauseManually: note('pause', undefined),
    resume: note('resume', { replay: 'rep_1' }),
  };
  platform.replays = {
    start: note('start', replay),
    find: async () => replay,
    cancel: async () => {
      throw new Failure('replay_over', 'fix-request', 'The replay has ended.');
    },
    wake: note('wake', undefined),
  };
  platform.deliveries = {
    ...platform.deliveries,
    list: note('list', { items: [delivery], next: 'more' }),
    find: async () => ({ delivery, failures: [failure] }),
    retry: note('retry', undefined),
    findPush: async () => push,
    matching: async () => [subscriptions.sub_own, subscriptions.sub_all],
    replayPush: note('replayPush', undefined),
  };
  platform.deliveryTests = {
    run: note('test', {
      request: { url: 'https://app.example.com/wx', headers: { 'wx-test': 'true' }, body: '{}' },
      response: { status: 204, headers: {}, body: '', ms: 3 },
      ...{ echo: null, reply: null, problem: null },
    }),
  };
});

async function ask(how: string, { key = API_KEY, body }: { key?: string; body?: unknown } = {}) {
  const gateway = await openGateway(platform);
  const [method = '', path = ''] = how.split(' ');
  const response = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function keyFor(accounts: readonly string[], scopes: readonly KeyScope[] = ['pushes:read', 'pushes:write']): string {
  const text = `wxk_${'k'.repeat(16)}_${platform.given.size}`;
  platform.given.set(text, apiKey({ scopes, accounts }));
  return text;
}

describe('deliveries', () => {
  test('are listed by subscription, account, handle and state', async () => {
    const answer = await ask(`GET /v1/deliveries?subscription=sub_own&appid=${ACCOUNT}&handle=h&state=dead&limit=5`);
    expect(answer).toMatchObject({ status: 200, body: { items: [shown], next: 'more' } });
    const filter = { subscription: 'sub_own', appid: ACCOUNT, handle: 'h', state: 'dead', limit: 5 };
    expect(did).toMatchObject([['list', { ...filter, own: [] }]]);
    expect((await ask('GET /v1/deliveries?subscription=sub_own&state=lost')).status).toBe(400);
  });

  test('are shown with their failed attempts, and retried', async () => {
    const path = `/v1/subscriptions/sub_own/deliveries/${PUSH}`;
    const attempts = [{ ...failure, at: iso }];
    expect(await ask(`GET ${path}`)).toMatchObject({ status: 200, body: { ...shown, attempts } });
    expect(await ask(`POST ${path}/retry`)).toMatchObject({ status: 202, body: { ...shown, attempts } });
    expect(did).toEqual([['retry', delivery]]);
  });
});

describe('a subscription', () => {
  test('is paused and resumed, with the replay of what it missed', async () => {
    const paused = await ask('POST /v1/subscriptions/sub_own/pause');
    expect(paused).toMatchObject({ status: 200, body: { id: 'sub_own' } });
    const resumed = await ask('POST /v1/subscriptions/sub_own/resume');
    expect(resumed).toMatchObject({ status: 200, body: { subscription: { id: 'sub_own' }, replay: 'rep_1' } });
    const by = { id: 'API_KEY' };
    expect(did).toMatchObject([
      ['pause', 'sub_own', by],
      ['resume', 'sub_own', by],
      ['wake', 'rep_1'],
    ]);
  });

  test('is tested with an invented push or one of the journal', async () => {
    const path = 'POST /v1/subscriptions/sub_own/test';
    const invented = await ask(path, { body: { type: 'message.text' } });
    expect(invented).toMatchObject({ status: 200, body: { response: { status: 204 }, problem: null } });
    await ask(path, { body: { push: PUSH } });
    expect(did.map((one) => (one as unknown[]).slice(0, 3))).toMatchObject([
      ['test', { id: 'sub_own' }, { type: 'message.text', appid: null }],
      ['test', { id: 'sub_own' }, { push: PUSH }],
    ]);
    expect((await ask(path, { body: { push: PUSH, type: 'message.text' } })).status).toBe(400);
    expect((await ask(path, { body: {} })).status).toBe(400);
  });
});

describe('a replay', () => {
  test('is started, found, and not cancelled when it has ended', async () => {
    const body = { since: '2026-11-28T08:00:00+08:00' };
    const started = await ask('POST /v1/subscriptions/sub_own/replays', { body });
    const expected = { id: 'rep_1', state: 'running', matched: 3, since: iso, finishedAt: null, error: null };
    expect(started).toMatchObject({ status: 202, body: expected });
    expect(started.headers.get('location')).toBe('/v1/replays/rep_1');
    const input = { since: new Date('2026-11-28T00:00:00Z'), until: null, only: 'missing' };
    expect(did).toEqual([['start', 'sub_own', input]]);
    expect(await ask('GET /v1/replays/rep_1')).toMatchObject({ status: 200, body: expected });
    expect(await ask('POST /v1/replays/rep_1/cancel')).toMatchObject({ status: 409, body: { code: 'replay_over' } });
    expect((await ask('POST /v1/subscriptions/sub_own/replays', { body: {} })).status).toBe(400);
  });

  test('of one push goes to what matches, or to the named ones whose format carries it', async () => {
    const path = `POST /v1/pushes/${PUSH}/replay`;
    const matching = await ask(path, { body: {} });
    const to = (...ids: string[]) => ({ deliveries: ids.map((id) => ({ subscription: id, push: PUSH })) });
    expect(matching).toMatchObject({ status: 202, body: to('sub_own', 'sub_all') });
    expect(await ask(path, { body: { subscriptions: ['sub_other', 'sub_other'] } })).toMatchObject({
      status: 202,
      body: to('sub_other'),
    });
    expect(did).toMatchObject([
      ['replayPush', push, [{ id: 'sub_own' }, { id: 'sub_all' }]],
      ['replayPush', push, [{ id: 'sub_other' }]],
    ]);
    platform.deliveries.findPush = async () => ({ ...push, type: 'authorizer.authorized' });
    expect((await ask(path, { body: { subscriptions: ['sub_wechat'] } })).body).toMatchObject({
      code: 'invalid_request',
    });
    const unknown = await ask(path, { body: { subscriptions: ['sub_none'] } });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'unknown_subscription' } });
  });
});

describe('a key for one account', () => {
  const others = ['sub_all', 'sub_other'] as const;

  test('has to do only with subscriptions that name it and no other', async () => {
    const key = keyFor([ACCOUNT]);
    const requests = [
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/test', { type: 'message.text' }],
      ['POST', '/replays', { since: iso }],
      ['GET', `/deliveries/${PUSH}`],
      ['POST', `/deliveries/${PUSH}/retry`],
    ] as const;
    for (const [method, path, body] of requests) {
      for (const id of others) {
        const answer = await ask(`${method} /v1/subscriptions/${id}${path}`, { key, body });
        expect([path, answer.status]).toEqual([path, 403]);
      }
      const own = await ask(`${method} /v1/subscriptions/sub_own${path}`, { key, body });
      expect([path, own.status < 300]).toEqual([path, true]);
    }
    expect((await ask('GET /v1/deliveries?subscription=sub_all', { key })).status).toBe(403);
    expect((await ask(`GET /v1/deliveries?appid=${OTHER}`, { key })).status).toBe(403);
  });

  test('lists only deliveries of its own', async () => {
    await ask('GET /v1/deliveries?handle=shop-18', { key: keyFor([ACCOUNT]) });
    expect(did).toMatchObject([['list', { handle: 'shop-18', own: [ACCOUNT] }]]);
  });

  test('sees no delivery, push or replay of another account', async () => {
    const key = keyFor([ACCOUNT]);
    for (const appid of [OTHER, null]) {
      platform.deliveries.find = async () => ({ delivery: { ...delivery, appid }, failures: [] });
      platform.deliveries.findPush = async () => ({ ...push, appid });
      expect((await ask(`GET /v1/subscriptions/sub_own/deliveries/${PUSH}`, { key })).status).toBe(403);
      expect((await ask(`POST /v1/subscriptions/sub_own/deliveries/${PUSH}/retry`, { key })).status).toBe(403);
      expect((await ask(`POST /v1/pushes/${PUSH}/replay`, { key, body: {} })).status).toBe(403);
    }
    platform.replays.find = async () => ({ ...replay, subscription: 'sub_all' });
    expect((await ask('GET /v1/replays/rep_1', { key })).status).toBe(403);
    expect((await ask('POST /v1/replays/rep_1/cancel', { key })).status).toBe(403);
  });

  test('replays a push only to its own', async () => {
    const key = keyFor([ACCOUNT]);
    const replayed = await ask(`POST /v1/pushes/${PUSH}/replay`, { key, body: {} });
    expect(replayed.body).toEqual({ deliveries: [{ subscription: 'sub_own', push: PUSH }] });
    const named = await ask(`POST /v1/pushes/${PUSH}/replay`, { key, body: { subscriptions: ['sub_all'] } });
    expect(named.status).toBe(403);
  });

  test('that may only read changes nothing', async () => {
    const key = keyFor([], ['pushes:read']);
    for (const path of ['/pause', '/resume', '/test', '/replays', `/deliveries/${PUSH}/retry`]) {
      expect((await ask(`POST /v1/subscriptions/sub_own${path}`, { key, body: {} })).status).toBe(403);
    }
    expect((await ask(`POST /v1/pushes/${PUSH}/replay`, { key, body: {} })).status).toBe(403);
    expect(did).toEqual([]);
  });
});
