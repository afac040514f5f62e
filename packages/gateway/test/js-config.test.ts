import { createHash } from 'node:crypto';
import { NotReadyFailure, QuotaClosedFailure } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { describe, expect, test } from 'vitest';
import { ACCOUNT, apiKey, COMPONENT, type FakePlatform, fakePlatform } from './fake-platform.ts';
import { API_KEY, type OpenedGateway, openGateway } from './open-gateway.ts';

const PATH = '/cgi-bin/ticket/getticket';
const PAGE = 'https://shop.example.com/page?a=1';
const OTHER = 'wxa0000000000000002';

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function sign(gateway: OpenedGateway, body: unknown, key = API_KEY, appid = ACCOUNT): Promise<Answered> {
  const response = await fetch(`${gateway.url}/v1/authorizers/${appid}/js-config`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function give(platform: FakePlatform, changes: Parameters<typeof apiKey>[0]): string {
  const text = `wxk_${'k'.repeat(16)}_${platform.given.size}`;
  platform.given.set(text, apiKey(changes));
  return text;
}

/** At the virtual WeChat, with a token of ours. */
async function ticket(gateway: OpenedGateway, query: string, key = API_KEY, appid = ACCOUNT): Promise<Answered> {
  const credential = new URLSearchParams({ grant_type: 'client_credential', appid, secret: key });
  const issued = (await (await fetch(`${gateway.url}/cgi-bin/token?${credential}`)).json()) as {
    access_token?: string;
  };
  const response = await fetch(`${gateway.url}${PATH}?access_token=${issued.access_token}&${query}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('a page', () => {
  test('is signed as it is, and its URL is in no log line', async () => {
    const gateway = await openGateway(fakePlatform());
    const url = `${PAGE}&user=13800138000#/inner`;
    expect(await sign(gateway, { url })).toEqual({
      status: 200,
      body: {
        appId: ACCOUNT,
        timestamp: 1_414_587_457,
        nonceStr: 'Wm3WZYTPz0wzccnW',
        signature: createHash('sha1').update(url).digest('hex'),
      },
    });
    expect(JSON.stringify(gateway.log)).not.toContain('13800138000');
  });

  test.each([
    [{}, 'url'],
    [{ url: '' }, 'location.href'],
    [{ url: 'shop.example.com/page' }, 'location.href'],
    [{ url: '/page' }, 'location.href'],
    [{ url: 'ftp://shop.example.com/' }, 'location.href'],
    [{ url: 'javascript:alert(1)' }, 'location.href'],
    [{ url: 'https://shop.example.com/a b' }, 'location.href'],
    [{ url: 'https://' }, 'location.href'],
    [{ url: 'https://[::1/' }, 'not a URL'],
    [{ url: `https://shop.example.com/${'x'.repeat(2_024)}` }, '2048'],
    [{ url: PAGE, debug: true }, 'debug'],
  ])('with the body %j is refused by a message that names %s', async (body, named) => {
    const { status, body: problem } = await sign(await openGateway(fakePlatform()), body);
    expect({ status, code: problem.code }).toEqual({ status: 400, code: 'invalid_request' });
    expect(problem.detail).toContain(named);
  });

  test.each(['http://shop.example.com', 'https://shop.example.com:8443?a#b', `https://a.cn/${'x'.repeat(2_035)}`])(
    'at %s is signed',
    async (url) => {
      expect(await sign(await openGateway(fakePlatform()), { url })).toMatchObject({ status: 200 });
    },
  );

  test.each([
    ['of another account', { accounts: [OTHER] }, ACCOUNT],
    ['of other paths', { paths: ['/cgi-bin/user/*'] }, ACCOUNT],
    ['without the scope', { scopes: ['followers:read'] as const }, ACCOUNT],
  ])('is not signed for a key %s', async (_, rights, appid) => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const key = give(platform, rights);
    expect(await sign(gateway, { url: PAGE }, key, appid)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  test('is signed for a key that permits the account and the path of tickets', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const key = give(platform, { scopes: ['calls'], accounts: [ACCOUNT], paths: [PATH] });
    expect(await sign(gateway, { url: PAGE }, key)).toMatchObject({ status: 200 });
  });

  test.each([
    [new Failure('unknown_authorizer', 'fix-request', 'no such account'), 404, 'unknown_authorizer'],
    [new Failure('reauthorize', 'reauthorize', 'revoked'), 409, 'reauthorize'],
    [new NotReadyFailure(COMPONENT, ['no_ticket']), 503, 'not_ready'],
    [new QuotaClosedFailure(PATH, new Date(Date.now() + 60_000)), 429, 'quota_closed'],
    [new Failure('token_not_ready', 'retry', 'still being fetched'), 503, 'token_not_ready'],
  ])('that cannot be signed has the problem of a call: %s', async (failure, status, code) => {
    const platform = fakePlatform();
    platform.jsTickets.sign = () => Promise.reject(failure);
    expect(await sign(await openGateway(platform), { url: PAGE })).toMatchObject({ status, body: { code } });
  });
});

describe('getticket at the virtual WeChat', () => {
  test.each(['jsapi', 'wx_card'])('answers the shared ticket of %s and for how long it is valid', async (type) => {
    const platform = fakePlatform();
    const { body } = await ticket(await openGateway(platform), `type=${type}`);
    expect(body).toEqual({ errcode: 0, errmsg: 'ok', ticket: `ticket of ${type}`, expires_in: expect.any(Number) });
    expect(body.expires_in).toBeLessThanOrEqual(7_000);
    expect(body.expires_in).toBeGreaterThan(0);
    expect(platform.submitted).toEqual([]);
  });

  test.each(['type=other', ''])('with another type (%j) is a call', async (query) => {
    const platform = fakePlatform();
    await ticket(await openGateway(platform), query);
    expect(platform.submitted).toMatchObject([{ appid: ACCOUNT, method: 'GET', path: PATH }]);
  });

  test('is refused as calls are', async () => {
    const platform = fakePlatform();
    const gateway = await openGateway(platform);
    const without = give(platform, { scopes: ['calls'], accounts: [ACCOUNT], paths: ['/cgi-bin/user/*'] });
    expect(await ticket(gateway, 'type=jsapi', without)).toMatchObject({ status: 200, body: { errcode: 48001 } });
    for (const [failure, errcode] of [
      [new Failure('reauthorize', 'reauthorize', 'revoked'), 61003],
      [new QuotaClosedFailure(PATH, new Date(Date.now() + 60_000)), 45009],
      [new NotReadyFailure(COMPONENT, ['no_ticket']), -1],
      [new Failure('token_not_ready', 'retry', 'still being fetched'), -1],
      [new Failure('wechat_refused', 'fix-request', 'not granted', { errcode: 48001 }), 48001],
      [new Error('unexpected'), -1],
    ] as const) {
      platform.jsTickets.get = () => Promise.reject(failure);
      expect(await ticket(gateway, 'type=jsapi')).toMatchObject({ status: 200, body: { errcode } });
    }
    const made = await fetch(`${gateway.url}${PATH}?access_token=wxt_made-up&type=jsapi`);
    expect(await made.json()).toMatchObject({ errcode: 40001 });
    expect(JSON.stringify(gateway.log)).not.toContain('ticket of jsapi');
  });

  test('ends its wait when the caller hangs up', async () => {
    const platform = fakePlatform();
    const waiting = Promise.withResolvers<AbortSignal>();
    platform.jsTickets.get = (_account, _type, signal) => {
      waiting.resolve(signal!);
      return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
    };
    const gateway = await openGateway(platform);
    const credential = new URLSearchParams({ grant_type: 'client_credential', appid: ACCOUNT, secret: API_KEY });
    const issued = (await (await fetch(`${gateway.url}/cgi-bin/token?${credential}`)).json()) as {
      access_token: string;
    };
    const caller = new AbortController();
    const asked = fetch(`${gateway.url}${PATH}?access_token=${issued.access_token}&type=jsapi`, {
      signal: caller.signal,
    });
    const signal = await waiting.promise;
    caller.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => signal.aborted, { timeout: 60_000 }).toBe(true);
  });
});
