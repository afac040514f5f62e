import type { QuotaEvent } from '@wxthirdparty/platform';
import { QuotaClosedFailure } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { expect, test, vi } from 'vitest';
import { ACCOUNT, apiKey, COMPONENT, fakePlatform, settledCall } from './fake-platform.ts';
import { bearer, type OpenedGateway, openGateway } from './open-gateway.ts';

const ask = async (gateway: OpenedGateway, method: string, path: string, init: RequestInit = {}) => {
  const response = await fetch(gateway.url + path, { method, headers: bearer, ...init });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
};

test('quotas are answered member by member, with null for what is unknown', async () => {
  const platform = fakePlatform();
  const asked: unknown[] = [];
  const at = new Date('2026-11-22T10:00:00Z');
  platform.quotas.list = (filter) => {
    asked.push(filter);
    const known = { limit: 10, source: 'wechat', remaining: 7, closedUntil: at, exhaustedAt: at } as const;
    const unknown = { ...known, limit: undefined, source: undefined, remaining: undefined } as const;
    return Promise.resolve({
      items: [
        { path: '/a', used: 3, ...known, minute: { calls: 5, seconds: 60, used: 1 } },
        { path: '/b', used: 1, ...unknown, closedUntil: undefined, exhaustedAt: undefined, minute: undefined },
      ],
      next: '/b',
    });
  };
  const gateway = await openGateway(platform);
  const { body } = await ask(
    gateway,
    'GET',
    `/v1/authorizers/${ACCOUNT}/quotas?limit=2&cursor=/0&component=${COMPONENT}`,
  );
  const time = at.toISOString();
  expect(body).toEqual({
    items: [
      {
        ...{ path: '/a', used: 3, limit: 10, remaining: 7, source: 'wechat', closedUntil: time, exhaustedAt: time },
        minute: { used: 1, limit: 5, seconds: 60 },
      },
      {
        ...{ path: '/b', used: 1, limit: null, remaining: null, source: null, closedUntil: null, exhaustedAt: null },
        minute: null,
      },
    ],
    next: '/b',
  });
  await ask(gateway, 'GET', `/v1/components/${COMPONENT}/quotas`);
  expect(asked).toEqual([
    { appid: ACCOUNT, component: COMPONENT, limit: 2, cursor: '/0' },
    { appid: COMPONENT, component: COMPONENT, limit: 100 },
  ]);
  expect((await ask(gateway, 'GET', `/v1/authorizers/${ACCOUNT}/quotas?limit=0`)).status).toBe(400);
});

test('answers with a settled call have the remaining quota as a header, if it is known', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const call = {
    headers: { ...bearer, 'content-type': 'application/json' },
    body: '{"method":"GET","path":"/cgi-bin/user/get"}',
  };
  const remaining = async (quota: object | null, changes = {}) => {
    platform.calls.settled = () => Promise.resolve(settledCall({ quota: quota as never, ...changes }));
    const { headers } = await ask(gateway, 'POST', `/v1/authorizers/${ACCOUNT}/calls`, call);
    return headers.get('x-wx-quota-remaining');
  };
  const known = { used: 1, limit: 500, remaining: 499, closedUntil: null };
  expect(await remaining(known)).toBe('499');
  expect(await remaining({ ...known, remaining: 0 })).toBe('0');
  expect(await remaining({ ...known, limit: null, remaining: null })).toBeNull();
  expect(await remaining(null)).toBeNull();
  expect(await remaining(known, { settledAt: null, state: 'queued' })).toBeNull();
});

test('a clear is answered with the month’s count, and its refusals as problems', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const account = await ask(gateway, 'POST', `/v1/authorizers/${ACCOUNT}/quotas/clear`);
  expect([account.status, account.body]).toEqual([200, { cleared: true, usedThisMonth: 1, remainingThisMonth: 9 }]);
  const component = await ask(gateway, 'POST', `/v1/components/${COMPONENT}/quotas/clear`);
  expect(component.body).toEqual({ cleared: true, usedThisMonth: 2, remainingThisMonth: 8 });
  expect(platform.audited.map(({ action }) => action)).toEqual([
    'POST /v1/authorizers/:appid/quotas/clear',
    'POST /v1/components/:appid/quotas/clear',
  ]);
  platform.quotaClearing.ofAccount = () =>
    Promise.reject(new QuotaClosedFailure('/cgi-bin/clear_quota', new Date(Date.now() + 1_000_000), 'none left'));
  const none = await ask(gateway, 'POST', `/v1/authorizers/${ACCOUNT}/quotas/clear`);
  expect(none).toMatchObject({ status: 429, body: { code: 'quota_closed', closedUntil: expect.any(String) } });
  platform.quotaClearing.ofAccount = () => Promise.reject(new Failure('outcome_unknown', 'operator', 'who knows'));
  expect((await ask(gateway, 'POST', `/v1/authorizers/${ACCOUNT}/quotas/clear`)).status).toBe(503);
});

const event = (appid: string, used: number): QuotaEvent => ({
  ...{ level: used < 10 ? 'warning' : 'exhausted', component: COMPONENT, appid, path: '/a', used, limit: 10 },
  at: '2026-11-22T10:00:00.000Z',
});

/** Reads events up to this text. */
async function eventsUpTo(gateway: OpenedGateway, upTo: string, headers: Record<string, string>): Promise<string> {
  const leaving = new AbortController();
  const response = await fetch(`${gateway.url}/v1/quotas/events`, { headers, signal: leaving.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(upTo)) break;
  }
  leaving.abort();
  return text;
}

test('events go on behind the last one that was seen, to whom their account is open', async () => {
  const platform = fakePlatform();
  const all = [event(ACCOUNT, 8), event('wxother', 9), event(ACCOUNT, 10)];
  const asked: string[] = [];
  platform.quotaEvents = {
    end: () => Promise.resolve('p0'),
    after: (position) => {
      asked.push(position);
      const from = Number(position.slice(1));
      return Promise.resolve(all.slice(from).map((one, i) => ({ event: one, position: `p${from + i + 1}` })));
    },
  };
  const gateway = await openGateway(platform);
  const json = (one: QuotaEvent) => {
    const { level: _, ...data } = one;
    return JSON.stringify(data);
  };
  const whole = await eventsUpTo(gateway, '"used":10', bearer);
  expect(whole).toBe(
    [
      'id: p0',
      `event: quota.warning\nid: p1\ndata: ${json(all[0]!)}`,
      `event: quota.warning\nid: p2\ndata: ${json(all[1]!)}`,
    ]
      .concat(`event: quota.exhausted\nid: p3\ndata: ${json(all[2]!)}`)
      .map((block) => `${block}\n\n`)
      .join(''),
  );
  expect(await eventsUpTo(gateway, '"used":10', { ...bearer, 'last-event-id': 'p2' })).toBe(
    `:\n\nevent: quota.exhausted\nid: p3\ndata: ${json(all[2]!)}\n\n`,
  );
  platform.given.set('wxk_mine', apiKey({ scopes: ['calls'], accounts: [ACCOUNT] }));
  expect(await eventsUpTo(gateway, '"used":10', { authorization: 'Bearer wxk_mine' })).not.toContain('wxother');
  expect(asked).toContain('p2');
});

test('the stream ends with the gateway', async () => {
  const gateway = await openGateway(fakePlatform());
  const response = await fetch(`${gateway.url}/v1/quotas/events`, { headers: bearer });
  const ended = vi.fn();
  const reading = response.text().then(ended);
  await gateway.close();
  await reading;
  expect(ended).toHaveBeenCalledOnce();
});
