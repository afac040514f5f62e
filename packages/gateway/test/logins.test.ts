import type { ApiKey, UserTokenOwner } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { describe, expect, test } from 'vitest';
import { ACCOUNT, answered, apiKey, COMPONENT, type FakePlatform, fakePlatform, settledCall } from './fake-platform.ts';
import { bearer, type OpenedGateway, openGateway } from './open-gateway.ts';

const USER_TOKEN = '86_of-a-user';
const SESSION = '/sns/component/jscode2session';
const OTHER = 'wxa0000000000000002';
const known: UserTokenOwner = { component: COMPONENT, appid: ACCOUNT, keyFingerprint: apiKey().id };

/** The user logged in with a key that has these rights. */
async function opened(
  rights: Partial<ApiKey> = {},
  owner = known,
): Promise<{ platform: FakePlatform; gateway: OpenedGateway }> {
  const platform = fakePlatform();
  platform.given.set('wxk_the-key', apiKey(rights));
  platform.userTokens.find = (token) => Promise.resolve(token === USER_TOKEN ? owner : undefined);
  return { platform, gateway: await openGateway(platform) };
}

async function ask(gateway: OpenedGateway, path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  const response = await fetch(gateway.url + path, init);
  return { status: response.status, ...((await response.json()) as object) };
}

async function create(
  gateway: OpenedGateway,
  path: string,
  body: object,
  key?: string,
): Promise<Record<string, unknown>> {
  const headers = {
    ...(key === undefined ? bearer : { authorization: `Bearer ${key}` }),
    'content-type': 'application/json',
  };
  return ask(gateway, path, { method: 'POST', headers, body: JSON.stringify(body) });
}

const userinfo = `/sns/userinfo?access_token=${USER_TOKEN}&openid=o&lang=zh_CN`;

describe('the token of a user who logged in through this gateway', () => {
  test.each(['userinfo', 'auth'])(
    'is sufficient for GET /sns/%s, for the account and key of the login',
    async (api) => {
      const { platform, gateway } = await opened();
      expect(await ask(gateway, `/sns/${api}?access_token=${USER_TOKEN}&openid=o&appid=ignored`)).toEqual({
        status: 200,
        errcode: 0,
        errmsg: 'ok',
      });
      const query = [
        ['access_token', USER_TOKEN],
        ['openid', 'o'],
      ];
      expect(platform.submitted).toMatchObject([{ appid: ACCOUNT, component: COMPONENT, path: `/sns/${api}`, query }]);
      expect(JSON.stringify(gateway.log)).not.toContain(USER_TOKEN);
    },
  );

  test('is answered as WeChat answered, byte for byte', async () => {
    const { platform, gateway } = await opened();
    const bytes = Buffer.from(
      '{"openid":"o","nickname":"a\u0007\\u5f20 😀","privilege":[ ],"unionid":22876340532172986}',
    );
    platform.calls.settled = () =>
      Promise.resolve(settledCall({ response: answered(bytes, { 'content-type': 'text/plain' }) }));
    const response = await fetch(gateway.url + userinfo);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  });

  test.each<[how: string, rights: Partial<ApiKey>, errcode: number]>([
    ['was revoked', { id: 'fedcba9876543210' }, 40001],
    ['is for other accounts', { accounts: [OTHER] }, 61003],
    ['is for other paths', { paths: ['/sns/oauth2/access_token', '/sns/auth'] }, 48001],
    ['may not call WeChat', { scopes: ['followers:read'] }, 48001],
  ])('is refused if the key %s', async (_how, rights, errcode) => {
    const { platform, gateway } = await opened(rights);
    expect(await ask(gateway, userinfo)).toMatchObject({ status: 200, errcode });
    expect(platform.submitted).toEqual([]);
  });

  test('counts on the rate of the key', async () => {
    const { platform, gateway } = await opened();
    platform.apiKeys.admit = ({ id }) =>
      Promise.reject(new Failure('rate_limited', 'slow-down', `${id} may send one request a second`));
    expect(await ask(gateway, userinfo)).toMatchObject({
      errcode: 45011,
      errmsg: expect.stringContaining(apiKey().id),
    });
    expect(platform.submitted).toEqual([]);
  });

  test.each([
    ['an unknown token', '/sns/userinfo?access_token=86_another&openid=o', {}, 40001],
    ['a second token', `/sns/userinfo?access_token=${USER_TOKEN}&access_token=86_another&openid=o`, {}, 40001],
    ['one in other letters', `/sns/auth?access_token=${USER_TOKEN}&ACCESS_TOKEN=86_another`, {}, 40001],
    ['no token', '/sns/userinfo?openid=o', {}, 41001],
    ['an empty token', '/sns/auth?access_token=&openid=o', {}, 41001],
    ['another API', `/sns/whatever/comes/next?access_token=${USER_TOKEN}`, {}, 48001],
    ['another method', userinfo, { method: 'POST', body: '' }, 48001],
    ['a refresh without a key', `/sns/oauth2/refresh_token?appid=${ACCOUNT}&refresh_token=${USER_TOKEN}`, {}, 41004],
  ])('does not help with %s', async (_what, path, init, errcode) => {
    const { platform, gateway } = await opened();
    expect(await ask(gateway, path, init)).toMatchObject({ status: 200, errcode, errmsg: expect.any(String) });
    expect(platform.submitted).toEqual([]);
  });

  test('that is unknown gets an explanation of what to do', async () => {
    const { gateway } = await opened();
    const { errmsg } = await ask(gateway, '/sns/auth?access_token=86_another&openid=o');
    expect(errmsg).toContain('let the user log in again');
    expect(errmsg).toContain('Authorization: Bearer');
  });

  test('is not refused as invalid while Redis does not answer', async () => {
    const { platform, gateway } = await opened();
    platform.userTokens.find = () => Promise.reject(new Error('Connection is closed.'));
    expect(await ask(gateway, userinfo)).toMatchObject({ status: 200, errcode: -1 });
  });

  test('names the account beside a key, too, if several components run', async () => {
    const { platform, gateway } = await opened();
    platform.components = [COMPONENT, 'wxc0000000000000002'];
    expect(await ask(gateway, userinfo, { headers: bearer })).toMatchObject({ errcode: 0 });
    expect(platform.submitted).toMatchObject([{ appid: ACCOUNT, component: COMPONENT }]);
  });
});

describe('a login by a call of /v1', () => {
  test.each([
    ['/sns/jscode2session', SESSION],
    ['/sns/oauth2/access_token', '/sns/oauth2/component/access_token'],
    ['/sns/oauth2/refresh_token', '/sns/oauth2/component/refresh_token'],
    [SESSION, SESSION],
  ])('%s is sent as %s, without appid and secret of the program', async (path, sent) => {
    const { platform, gateway } = await opened();
    const query = { appid: ACCOUNT, secret: 's', js_code: 'c', grant_type: 'authorization_code' };
    const account = `/v1/authorizers/${ACCOUNT}/calls`;
    expect(await create(gateway, account, { method: 'GET', path, query }, 'wxk_the-key')).toMatchObject({
      status: 200,
      state: 'completed',
    });
    const asked = [
      ['js_code', 'c'],
      ['grant_type', 'authorization_code'],
    ];
    const key = { keyFingerprint: apiKey().id };
    expect(platform.submitted).toMatchObject([{ appid: ACCOUNT, path: sent, query: asked, ...key }]);
    await create(
      gateway,
      '/v1/calls/batch',
      { calls: [{ appid: ACCOUNT, method: 'GET', path, query }] },
      'wxk_the-key',
    );
    expect(platform.submitted[1]).toMatchObject({ appid: ACCOUNT, path: sent, query: asked, ...key });
  });

  test('of the component keeps the account', async () => {
    const { platform, gateway } = await opened();
    const call = { method: 'GET', path: '/sns/jscode2session', query: { appid: ACCOUNT, js_code: 'c' } };
    await create(gateway, `/v1/components/${COMPONENT}/calls`, call);
    const query = [
      ['appid', ACCOUNT],
      ['js_code', 'c'],
    ];
    expect(platform.submitted).toMatchObject([{ appid: COMPONENT, path: SESSION, query }]);
  });

  test.each([{ access_token: 't' }, { component_access_token: 't' }])('with a token is refused: %j', async (query) => {
    const { platform, gateway } = await opened();
    const call = { method: 'GET', path: '/sns/jscode2session', query };
    const account = `/v1/authorizers/${ACCOUNT}/calls`;
    expect(await create(gateway, account, call)).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(platform.submitted).toEqual([]);
  });

  test('needs a key for the path that the program sent, which may read the call then', async () => {
    const { platform, gateway } = await opened({ paths: ['/sns/jscode2session'] });
    platform.calls.find = () => Promise.resolve(settledCall({ path: SESSION }));
    const account = `/v1/authorizers/${ACCOUNT}/calls`;
    const login = (path: string) => create(gateway, account, { method: 'GET', path }, 'wxk_the-key');
    expect(await login('/sns/jscode2session')).toMatchObject({ status: 200 });
    expect(await login(SESSION)).toMatchObject({ status: 403, missing: { path: SESSION } });
    expect(await login('/sns/oauth2/access_token')).toMatchObject({ status: 403 });
    const headers = { authorization: 'Bearer wxk_the-key' };
    const id = `${COMPONENT}.${ACCOUNT}.call-1`;
    expect(await ask(gateway, `/v1/calls/${id}`, { headers })).toMatchObject({ status: 200, path: SESSION });
    const listed: unknown[] = [];
    platform.callList.page = ({ path, shows }) => {
      listed.push(path, shows?.(SESSION), shows?.('/sns/oauth2/component/access_token'));
      return Promise.resolve({ items: [], next: null });
    };
    expect(await ask(gateway, `/v1/calls?appid=${ACCOUNT}&path=/sns/jscode2session`, { headers })).toMatchObject({
      status: 200,
    });
    expect(listed).toEqual([SESSION, true, false]);
  });
});
