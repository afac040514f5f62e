import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { encryptOf, openEncrypt, readEncodingAesKey, signatureOf } from '../src/envelope.ts';
import { ThirdpartyError, ThirdpartyServer } from '../src/index.ts';
import { type Answer, type GatewayStub, type Received, startGatewayStub, tokenAnswer } from './gateway-stub.ts';
import vectors from './vectors.json' with { type: 'json' };

const v1 = vectors[0]!;
const APPID = v1.appid;
const KEY = 'hunter2';

let gateway: GatewayStub;
let routes: Record<string, (request: Received) => Answer | undefined>;
let server: ThirdpartyServer;
let emitted: unknown[];

const problem = (status: number, code: string, remedy: string): Answer => ({
  status,
  body: { type: 'urn:x', title: 't', status, detail: `refused with ${code}`, code, remedy },
});
const statusOf = (reasons: readonly string[], token: object | null = null): Answer => ({
  body: { components: [{ appid: APPID, ready: reasons.length === 0, reasons, token }] },
});
const account = {
  ...{ appid: 'wxaccount', component: APPID, nickName: '演示', headImg: null, serviceType: 2, verifyType: -1 },
  ...{ userName: 'gh_1', alias: null, handle: 'shop-17', cookieValue: 'cookie' },
};
const push = `<xml><AppId><![CDATA[${APPID}]]></AppId><Encrypt><![CDATA[${v1.encrypt}]]></Encrypt></xml>`;

beforeEach(async () => {
  routes = {
    'GET /v1/status': () => statusOf([]),
    'POST /cgi-bin/stable_token': () => tokenAnswer(1),
    'GET /v1/authorizers': ({ query }) => ({
      body: {
        items: query.get('cookieValue') === 'cookie' ? [{ ...account, component: 'wxother' }, account] : [],
        next: null,
      },
    }),
    [`POST /v1/components/${APPID}/authorizations`]: () => ({ body: account }),
    'POST /cgi-bin/component/api_create_preauthcode': () => ({
      body: { pre_auth_code: 'preauthcode@@@1', expires_in: 600 },
    }),
    [`POST /wechat/${APPID}/events`]: () => ({ html: true, body: 'success' }),
  };
  gateway = await startGatewayStub((request) => routes[`${request.method} ${request.path}`]?.(request));
  server = new ThirdpartyServer(APPID, 'secret', v1.token, v1.key, { gateway: gateway.url, apiKey: KEY }, true);
  emitted = [];
  for (const name of ['ready', 'not_ready', 'outdated', 'db_error'] as const) {
    server.on(name, (error?: ThirdpartyError) => emitted.push(error === undefined ? name : [name, error.code]));
  }
});
afterEach(async () => {
  server.stop();
  await gateway.close();
});

describe('the constructor', () => {
  it.each([0, 1, 2, 3])('refuses a missing argument %i', (index) => {
    const given = [APPID, 'secret', v1.token, v1.key] as [string, string, string, string];
    given[index] = '';
    expect(() => new ThirdpartyServer(...given, { gateway: gateway.url, apiKey: KEY })).toThrow(ThirdpartyError);
  });

  it('keeps its secrets where no log finds them', () => {
    expect(inspect(server, { depth: 9, showHidden: true })).not.toMatch(new RegExp(`${KEY}|${v1.token}|${v1.key}`));
  });
});

describe('start', () => {
  it('emits each change once, in workers, too, and again after a stop; twice is once', async () => {
    let answer = statusOf(['no_ticket']);
    routes['GET /v1/status'] = () => answer;
    server.start();
    server.start();
    await vi.waitFor(() => expect(emitted).toEqual([['not_ready', 'not_ready']]), { timeout: 60_000 });
    expect(server.check_ready()).toBe(false);
    answer = statusOf([]);
    await vi.waitFor(() => expect(emitted).toHaveLength(2), { timeout: 60_000 });
    expect([emitted[1], server.check_ready(), server.ready]).toEqual(['ready', true, true]);
    server.stop();
    answer = statusOf(['component_token_failing'], { expiresAt: '2026-01-01T00:00:00.000Z' });
    server.start();
    await vi.waitFor(() => expect(emitted[2]).toEqual(['outdated', 'not_ready']), { timeout: 60_000 });
    expect(server.ready).toBe(false);
    const requests = gateway.received.filter(({ path }) => path === '/v1/status');
    expect(requests.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true);
  });

  it('reports a refused key and an unreachable gateway as db_error, without an exception', async () => {
    routes['GET /v1/status'] = () => problem(401, 'unauthorized', 'fix-request');
    server.start();
    await vi.waitFor(() => expect(emitted).toEqual([['db_error', 'unauthorized']]), { timeout: 60_000 });
    server.stop();
    await gateway.close();
    const other = new ThirdpartyServer(APPID, 's', v1.token, v1.key, { gateway: gateway.url, apiKey: KEY });
    const error = await new Promise<ThirdpartyError>((resolve) => {
      other.once('db_error', resolve).start();
    });
    other.stop();
    expect(error).toMatchObject({ code: 'gateway_unreachable', remedy: 'retry' });
    expect(inspect(error, { depth: 9 })).not.toContain(KEY);
  });

  it('writes one line if no listener exists', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    routes['GET /v1/status'] = () => ({ body: { components: [] } });
    const silent = new ThirdpartyServer(APPID, 's', v1.token, v1.key, { gateway: gateway.url, apiKey: KEY });
    silent.start();
    await vi.waitFor(() => expect(warned).toHaveBeenCalledOnce(), { timeout: 60_000 });
    silent.stop();
    expect(warned.mock.calls[0]![0]).toMatch(/not_ready \(unknown_component, operator\)/);
    warned.mockRestore();
  });

  it('is not needed for check_ready, which reads in the background', async () => {
    expect(server.check_ready()).toBe(false);
    await vi.waitFor(() => expect(server.check_ready()).toBe(true), { timeout: 60_000 });
    expect(gateway.received).toHaveLength(1);
  });
});

describe('get_user_info', () => {
  const row = {
    ...{ appid: 'wxaccount', access_token: 'wxt_1', refresh_token: `wxr_${APPID}_wxaccount`, nick_name: '演示' },
    ...{
      head_img: null,
      service_type_id: 2,
      verify_type_info: '-1',
      user_name: 'gh_1',
      alias: null,
      wx_token: 'cookie',
    },
    access_token_updated_at: expect.any(Date),
    access_token_expires_in: expect.any(Date),
  };

  it('answers the columns of wx_users_info, by callback or promise', async () => {
    const called = await new Promise<unknown[]>((resolve) => server.get_user_info('cookie', (...all) => resolve(all)));
    expect(called).toEqual([null, row]);
    const found = await server.get_user_info('cookie');
    expect(found).toEqual(row);
    expect(found.access_token_expires_in.getTime() - found.access_token_updated_at.getTime()).toBe(7_200_000);
    expect(await server.fetch_user_info('queryauthcode@@@1')).toEqual(row);
    const { body } = gateway.received.find(({ path }) => path.endsWith('/authorizations'))!;
    expect(JSON.parse(body)).toEqual({ authCode: 'queryauthcode@@@1' });
  });

  it.each(['unknown', '', undefined])(
    'refuses the cookie %j, and does not confuse it with another account',
    async (cookie) => {
      const error = await server.get_user_info(cookie as string).catch((error: unknown) => error);
      expect(error).toMatchObject({ code: 'unknown_authorizer', remedy: 'fix-request' });
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: 'unknown_authorizer', message: /^not exist/ });
    },
  );

  it('passes on refusals with code, remedy and errcode', async () => {
    routes['GET /v1/authorizers'] = () => problem(403, 'forbidden', 'operator');
    const [error] = await new Promise<unknown[]>((resolve) => server.get_user_info('cookie', (...all) => resolve(all)));
    expect(error).toMatchObject({ name: 'ThirdpartyError', code: 'forbidden', remedy: 'operator' });
    const refused = { ...(problem(400, 'invalid_request', 'fix-request').body as object), errcode: 61010 };
    routes[`POST /v1/components/${APPID}/authorizations`] = () => ({ status: 400, body: refused });
    await expect(server.fetch_user_info('old')).rejects.toMatchObject({ code: 'invalid_request', errcode: 61010 });
    routes[`POST /v1/components/${APPID}/authorizations`] = () => ({ body: account });
    routes['POST /cgi-bin/stable_token'] = () => ({ body: { errcode: 61003, errmsg: 'not authorized' } });
    await expect(server.fetch_user_info('x')).rejects.toMatchObject({
      ...{ code: 'reauthorize', remedy: 'reauthorize', errcode: 61003, errmsg: 'not authorized' },
    });
  });
});

describe('secrets', () => {
  const asked = (): Promise<unknown> => new Promise((resolve) => server.secrets(resolve));
  const secrets = { ticket: expect.any(String), preauthcode: 'preauthcode@@@1', access_token: 'wxt_1' };

  it('passes them as the only argument, as in 2015; a promise likewise', async () => {
    const ended = new Promise((resolve) => server.once('end', resolve));
    expect(await asked()).toEqual(secrets);
    expect(await server.secrets()).toEqual(secrets);
    expect(await ended).toEqual(secrets);
    const { query, body } = gateway.received.find(({ path }) => path.endsWith('api_create_preauthcode'))!;
    expect([query.get('component_access_token'), JSON.parse(body)]).toEqual(['wxt_1', { component_appid: APPID }]);
  });

  it.each([
    [['no_ticket'], 'not_ready'],
    [['ticket_expired'], 'outdated'],
  ])('with the reasons %j answers %s, emits it, and rejects the promise', async (reasons, state) => {
    routes['GET /v1/status'] = () => statusOf(reasons);
    expect(await asked()).toBe(state);
    await vi.waitFor(() => expect(emitted).toEqual([[state, 'not_ready']]), { timeout: 60_000 });
    await expect(server.secrets()).rejects.toMatchObject({ code: 'not_ready', remedy: 'retry', reasons });
  });

  it('answers the error of a gateway that does not answer', async () => {
    routes['GET /v1/status'] = () => problem(500, 'internal', 'operator');
    expect(await asked()).toMatchObject({ code: 'internal', remedy: 'operator' });
    await vi.waitFor(() => expect(emitted).toEqual([['db_error', 'internal']]), { timeout: 60_000 });
  });
});

describe('save_ticket', () => {
  let warned: MockInstance<typeof console.warn>;
  beforeEach(() => {
    warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  });
  afterEach(() => warned.mockRestore());
  const forwarded = () => gateway.received.filter(({ path }) => path === `/wechat/${APPID}/events`);

  it.each([push, Buffer.from(push), `undefined${push}`])('signs a push again and forwards it', async (raw) => {
    await server.save_ticket(raw);
    const [{ query, body }] = forwarded() as [Received];
    const [timestamp, nonce] = [query.get('timestamp')!, query.get('nonce')!];
    expect(query.get('msg_signature')).toBe(signatureOf(v1.token, timestamp, nonce, v1.encrypt));
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(3_600);
    const keys = { component: APPID, token: v1.token, aesKey: readEncodingAesKey(v1.key) };
    expect(openEncrypt(keys, encryptOf(body))).toBe(v1.message);
  });

  it('verifies the signature of WeChat if it receives the query', async () => {
    const query = { timestamp: v1.timestamp, nonce: v1.nonce, msg_signature: v1.msgSignature };
    expect(await new Promise((resolve) => server.save_ticket(push, query, resolve))).toBeNull();
    await expect(server.save_ticket(push, { ...query, nonce: 'other' })).rejects.toMatchObject({
      code: 'envelope_refused',
    });
    expect(forwarded()).toHaveLength(1);
  });

  it('forwards nothing that was not encrypted for this component', async () => {
    const foreign = new ThirdpartyServer('wxother', 's', v1.token, v1.key, { gateway: gateway.url, apiKey: KEY });
    await expect(foreign.save_ticket(push)).rejects.toMatchObject({ code: 'envelope_refused', remedy: 'fix-request' });
    expect(await new Promise((resolve) => server.save_ticket('<xml/>', resolve))).toMatchObject({
      code: 'envelope_refused',
    });
    await expect(server.save_ticket({} as never)).rejects.toMatchObject({ code: 'raw_body_needed' });
    expect(gateway.received).toEqual([]);
  });

  it('sends again while the gateway is not available, and reports another Token at once', async () => {
    let attempts = 0;
    routes[`POST /wechat/${APPID}/events`] = () =>
      ++attempts < 3 ? { status: 503, body: 'no' } : { html: true, body: 'success' };
    await server.save_ticket(push);
    expect(attempts).toBe(3);
    routes[`POST /wechat/${APPID}/events`] = () => ({ status: 403, html: true, body: 'the signature does not match' });
    await expect(server.save_ticket(push)).rejects.toMatchObject({ code: 'envelope_refused', remedy: 'operator' });
    routes[`POST /wechat/${APPID}/events`] = () => ({ status: 404, html: true, body: 'unknown component' });
    await expect(server.save_ticket(push)).rejects.toMatchObject({ code: 'unknown_component', remedy: 'operator' });
  });

  it('without a callback writes one line for a series of refusals, and its promise may be ignored', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    void server.save_ticket('<xml/>');
    void server.save_ticket('<xml></xml>');
    await vi.waitFor(() => expect(warned).toHaveBeenCalled(), { timeout: 60_000 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned.mock.calls).toEqual([[expect.stringContaining('save_ticket (envelope_refused')]]);
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });
});

it('a hook of 2015 that stores in its own tables gets an explanation', () => {
  expect(() => server.models).toThrow(expect.objectContaining({ code: 'no_models', remedy: 'fix-request' }));
});
