import { describe, expect, it } from 'vitest';
import { ConnectionError, NotReadyError, QuotaClosedError, ReauthorizeError, RefusedError } from '../src/index.ts';
import { bare, callRecord, cutOff, json, problem, stub } from './gateway-stub.ts';

const status = { ready: true, components: [] };
const text = { touser: 'o1', msgtype: 'text', text: { content: 'hello' } } as const;
const SEND = 'POST /cgi-bin/message/custom/send';
const soon = { retryAfter: 0 };

describe('reading', () => {
  it.each([
    ['a broken connection', cutOff],
    ['a refusal for now', problem(503, 'not_ready', 'retry', soon)],
    ['too many requests', problem(429, 'rate_limited', 'slow-down', soon)],
    ['a proxy’s 502', bare(502)],
    ['a proxy’s 503', bare(503)],
    ['a part that is away', problem(503, 'unavailable', 'retry', soon)],
  ])('is repeated after %s', async (_, answer) => {
    const { client, asked, headers } = await stub([answer, answer, json(status)]);
    expect(await client.status()).toEqual(status);
    expect(asked).toEqual(Array(3).fill('GET /v1/status'));
    expect(headers[0]?.authorization).toBe('Bearer a-key');
  });

  it('stops after the permitted number of retries', async () => {
    const { client, asked } = await stub([cutOff], { retries: 2 });
    await expect(client.status()).rejects.toMatchObject({ code: 'gateway_unreachable', remedy: 'retry' });
    expect(asked).toHaveLength(3);
  });

  it.each([[400], [401], [404], [409]])('is not repeated after %i', async (code) => {
    const { client, asked } = await stub([problem(code, 'no', 'fix-request')]);
    await expect(client.status()).rejects.toBeInstanceOf(RefusedError);
    expect(asked).toHaveLength(1);
  });

  it('waits no longer than its own limit, and reports a longer requested pause', async () => {
    const { client, asked } = await stub([problem(503, 'not_ready', 'retry', { retryAfter: 60 })]);
    const refused = await client.status().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NotReadyError);
    expect(refused).toMatchObject({ retryAfterMs: 60_000, remedy: 'retry' });
    expect(asked).toHaveLength(1);
  });
});

describe('an exchange of a code, a signature of a page and the choice of a handle', () => {
  it.each([
    ['a broken connection', cutOff],
    ['a proxy’s 502', bare(502)],
  ])('are repeated after %s: a second one changes nothing', async (_, answer) => {
    const { client, asked } = await stub([answer, json({}), answer, json({}), answer, json({})]);
    await client.component('wxc').authorize('a-code');
    await client.authorizer('wxa').jsConfig('https://shop.example.com/');
    await client.authorizer('wxa').setHandle('shop-17');
    const [exchange, signature] = ['POST /v1/components/wxc/authorizations', 'POST /v1/authorizers/wxa/js-config'];
    const choice = 'PATCH /v1/authorizers/wxa';
    expect(asked).toEqual([exchange, exchange, signature, signature, choice, choice]);
  });
});

describe('a call', () => {
  it.each([
    ['a refusal of the gateway’s for now', problem(503, 'not_ready', 'retry', soon)],
    ['a queue that is full', problem(503, 'overloaded', 'slow-down', soon)],
    ['a minute’s limit', problem(429, 'quota_closed', 'slow-down', soon)],
  ])('is repeated after %s: nothing has departed', async (_, answer) => {
    const { client, asked } = await stub([answer, json(callRecord())]);
    await client.authorizer('wxa').call(SEND, text);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['a broken connection', cutOff],
    ['a proxy’s 502', bare(502)],
    ['a proxy’s 503, though it names a time', bare(503, { 'retry-after': '0' })],
    ['a proxy’s 504', bare(504)],
    ['a Redis that went away under it', problem(503, 'unavailable', 'operator', soon)],
    ['something unexpected', problem(500, 'internal', 'operator')],
  ])('is not repeated after %s: it may have departed', async (_, answer) => {
    const { client, asked } = await stub([answer, json(callRecord())]);
    await expect(client.authorizer('wxa').call(SEND, text)).rejects.toMatchObject({ remedy: 'operator' });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['a broken connection', cutOff],
    ['a proxy’s 502', bare(502)],
    ['a 503 without a time', bare(503)],
  ])('is repeated after %s under an idempotency key, and under the same one', async (_, answer) => {
    const { client, headers } = await stub([answer, json(callRecord())]);
    await client.authorizer('wxa').call(SEND, text, { idempotencyKey: 'order-1' });
    expect(headers.map((it) => it['idempotency-key'])).toEqual(['order-1', 'order-1']);
  });

  it('is sent as requested: the body of a POST, the query of a GET, the component, the wait', async () => {
    const { client, asked, bodies } = await stub([json(callRecord())]);
    const account = client.authorizer('wx/1', { component: 'wxc' });
    await account.call(SEND, text, { waitMs: 5_000 });
    await account.call('GET /cgi-bin/user/info', { openid: 'o1' });
    await account.call('POST /cgi-bin/media/uploadimg', {}, { query: { type: 'image' } });
    await client.component('wxc').call('POST /cgi-bin/component/fastregisterweapp?action=search', { name: 'n' });
    expect([asked[0], asked[3]]).toEqual([
      'POST /v1/authorizers/wx%2F1/calls?component=wxc',
      'POST /v1/components/wxc/calls',
    ]);
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([
      { method: 'POST', path: '/cgi-bin/message/custom/send', body: text, waitMs: 5_000 },
      { method: 'GET', path: '/cgi-bin/user/info', query: { openid: 'o1' } },
      { method: 'POST', path: '/cgi-bin/media/uploadimg', query: { type: 'image' }, body: {} },
      {
        method: 'POST',
        path: '/cgi-bin/component/fastregisterweapp',
        query: { action: 'search' },
        body: { name: 'n' },
      },
    ]);
  });
});

describe('a component', () => {
  it('exchanges the code of a consent, and repeats it: a code is exchanged once', async () => {
    const account = { appid: 'wxa', component: 'wxc', state: 'active' };
    const { client, asked, bodies } = await stub([problem(503, 'unavailable', 'retry', soon), json(account)]);
    expect(await client.component('wxc').authorize('queryauthcode@@@1')).toEqual(account);
    expect(asked).toEqual(Array(2).fill('POST /v1/components/wxc/authorizations'));
    expect(JSON.parse(bodies[0]!)).toEqual({ authCode: 'queryauthcode@@@1' });
  });
});

describe('a refusal', () => {
  it('is an error of its kind with its remedy', async () => {
    const refusals = await Promise.all(
      [
        problem(409, 'reauthorize', 'reauthorize', { authorizationUrl: 'http://gateway/authorize/wxc?link=1' }),
        problem(429, 'quota_closed', 'slow-down', { retryAfter: 3_600, closedUntil: '2026-11-22T16:00:00.000Z' }),
        problem(503, 'not_ready', 'retry', { retryAfter: 3_600, reasons: ['no_ticket'] }),
      ].map(async (answer) =>
        (await stub([answer])).client
          .authorizer('wxa')
          .call(SEND, text)
          .catch((it: unknown) => it),
      ),
    );
    expect(refusals[0]).toBeInstanceOf(ReauthorizeError);
    expect(refusals[0]).toMatchObject({
      remedy: 'reauthorize',
      authorizationUrl: 'http://gateway/authorize/wxc?link=1',
    });
    expect(refusals[1]).toBeInstanceOf(QuotaClosedError);
    expect(refusals[1]).toMatchObject({ closedUntil: new Date('2026-11-22T16:00:00Z'), retryAfterMs: 3_600_000 });
    expect(refusals[2]).toBeInstanceOf(NotReadyError);
    expect(refusals[2]).toMatchObject({ reasons: ['no_ticket'], message: 'said not_ready' });
  });

  it('by another server is a refusal, too', async () => {
    const { client } = await stub([bare(403)]);
    await expect(client.status()).rejects.toMatchObject({ name: 'RefusedError', code: 'http_403', problem: undefined });
  });

  it('is not reported when the gateway cannot be reached', async () => {
    const { client } = await stub([json(status)], { url: 'http://127.0.0.1:1', retries: 0 });
    await expect(client.status()).rejects.toBeInstanceOf(ConnectionError);
  });
});

describe('an AbortSignal', () => {
  it('ends a request that is not answered, with its own reason', async () => {
    const over = new AbortController();
    const { client } = await stub([() => over.abort(new Error('enough'))]);
    await expect(client.status({ signal: over.signal })).rejects.toThrow('enough');
  });

  it('ends the pause before the next try', async () => {
    const over = new AbortController();
    const { client, asked } = await stub([
      (request, response) => {
        problem(503, 'not_ready', 'retry', { retryAfter: 20 })(request, response);
        response.once('close', () => over.abort());
      },
    ]);
    await expect(client.status({ signal: over.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked).toHaveLength(1);
  });

  it('that is already aborted prevents the request', async () => {
    const { client, asked } = await stub([json(status)]);
    await expect(client.status({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked).toEqual([]);
  });
});
