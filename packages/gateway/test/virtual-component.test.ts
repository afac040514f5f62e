import { type AuthorizationOutcome, NotReadyFailure, ReauthorizeFailure } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { expect, test } from 'vitest';
import { openVirtualTokens } from '../src/virtual/virtual-token.ts';
import {
  ACCOUNT,
  answered,
  apiKey,
  authorizer,
  COMPONENT,
  type FakePlatform,
  fakePlatform,
  settledCall,
} from './fake-platform.ts';
import { API_KEY, type OpenedGateway, openGateway } from './open-gateway.ts';

const OTHER_COMPONENT = 'wxc0000000000000002';
const OTHER_ACCOUNT = 'wxb0000000000000002';
const REFRESH_TOKEN = `wxr_${COMPONENT}_${ACCOUNT}`;
const CODE = 'queryauthcode@@@real';
/** A key for one account of the component. */
const RESTRICTED = 'wxk_restricted';

interface Answer {
  readonly errcode?: number;
  readonly errmsg?: string;
  readonly component_access_token?: string;
  readonly [name: string]: unknown;
}

interface Sent {
  readonly query?: string;
  readonly body?: object | string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

async function ask(gateway: OpenedGateway, api: string, { query = '', body = {}, ...init }: Sent): Promise<Answer> {
  const url = `${gateway.url}/cgi-bin/component/${api}?${query}`;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const sent = { method: 'POST', ...init };
  const response = await fetch(url, sent.method === 'GET' ? sent : { ...sent, body: text });
  expect(response.status).toBe(200);
  const answer = (await response.json()) as Answer;
  if (answer.errcode !== undefined) expect(answer.errmsg).toEqual(expect.any(String));
  return answer;
}

async function componentToken(gateway: OpenedGateway, secret = API_KEY, component = COMPONENT): Promise<string> {
  const body = { component_appid: component, component_appsecret: secret, component_verify_ticket: 'ticket@@@x' };
  return (await ask(gateway, 'api_component_token', { body })).component_access_token!;
}

function restrict(platform: FakePlatform): void {
  platform.given.set(RESTRICTED, apiKey({ accounts: [ACCOUNT, 'wxnever'] }));
}

/** With a component token of ours in the query. */
async function opened(platform: FakePlatform = fakePlatform(), secret = API_KEY) {
  const gateway = await openGateway(platform);
  const token = await componentToken(gateway, secret);
  const post = (api: string, body: object, sent: Sent = {}) =>
    ask(gateway, api, {
      query: `component_access_token=${token}`,
      body: { component_appid: COMPONENT, ...body },
      ...sent,
    });
  return { gateway, token, post };
}

test('an API key as component_appsecret is answered with a component token of ours, whatever the ticket', async () => {
  const gateway = await openGateway(fakePlatform());
  const secrets = { component_appid: COMPONENT, component_appsecret: API_KEY };
  const expected = { component_access_token: expect.stringMatching(/^wxt_[A-Za-z0-9_-]+$/), expires_in: 7200 };
  const fields = new URLSearchParams(secrets).toString();
  for (const sent of [
    { body: { ...secrets, component_verify_ticket: 'ticket@@@x' } },
    { body: { ...secrets, component_verify_ticket: null } },
    { body: secrets, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    { body: `\ufeff${JSON.stringify(secrets)}`, headers: { 'content-type': 'text/plain' } },
    { query: fields, body: '' },
    { query: `component_appsecret=${API_KEY}`, body: { component_appid: COMPONENT } },
  ]) {
    expect(await ask(gateway, 'api_component_token', sent)).toEqual(expected);
  }
  const token = await componentToken(gateway);
  expect(openVirtualTokens([Buffer.alloc(32, 7)]).read(token)).toMatchObject({
    grant: { component: COMPONENT, appid: COMPONENT },
  });
  expect(JSON.stringify(gateway.log)).not.toContain(API_KEY);
  expect(JSON.stringify(gateway.log)).not.toContain(token);
});

const own = { component_appid: COMPONENT, component_appsecret: API_KEY };
test.each<[how: string, sent: Sent, errcode: number]>([
  ['by GET', { method: 'GET', query: new URLSearchParams(own).toString() }, 43002],
  ['that is not JSON', { body: '{' }, 47001],
  ['that is a list', { body: [] }, 47001],
  ['with nothing', { body: '' }, 41018],
  ['without the component', { body: { component_appsecret: API_KEY } }, 41018],
  ['without the secret', { body: { component_appid: COMPONENT } }, 41004],
  ['with a wrong secret', { body: { ...own, component_appsecret: 'wrong' } }, 40125],
  ['for a component that is not run here', { body: { ...own, component_appid: OTHER_COMPONENT } }, 61011],
  ['that is too large', { body: ' '.repeat(20_000) }, 45001],
])('a request for a component token %s is refused', async (_how, sent, errcode) => {
  const gateway = await openGateway(fakePlatform());
  expect(await ask(gateway, 'api_component_token', sent)).toMatchObject({ errcode });
});

test('no component token is issued while the component is not ready, or Redis is unavailable', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  for (const error of [new NotReadyFailure(COMPONENT, ['no_ticket']), new Error('Redis is down')]) {
    platform.demandReady = () => Promise.reject(error);
    expect(await ask(gateway, 'api_component_token', { body: own })).toMatchObject({ errcode: -1 });
  }
});

test('a key without the scope calls gets no component token', async () => {
  const platform = fakePlatform();
  platform.given.set('wxk_reads', apiKey({ scopes: ['authorizers:read'] }));
  const gateway = await openGateway(platform);
  const body = { ...own, component_appsecret: 'wxk_reads' };
  expect(await ask(gateway, 'api_component_token', { body })).toMatchObject({ errcode: 48001 });
});

const apis = [
  'api_query_auth',
  'api_authorizer_token',
  'api_create_preauthcode',
  'api_get_authorizer_info',
  'api_get_authorizer_list',
];

test.each(apis)('%s demands a component token of ours, and its own component', async (api) => {
  const platform = fakePlatform();
  const { gateway, token } = await opened(platform);
  const body = { component_appid: COMPONENT };
  const grant = { keyFingerprint: 'f'.repeat(32), component: COMPONENT, appid: COMPONENT };
  const secret = Buffer.alloc(32, 7);
  const ofAccount = `${gateway.url}/cgi-bin/token?grant_type=client_credential&appid=${ACCOUNT}&secret=${API_KEY}`;
  const account = ((await (await fetch(ofAccount)).json()) as { access_token: string }).access_token;
  const expired = openVirtualTokens([secret], () => Date.now() - 7_200_000).sign(grant);
  const refused: [Sent, number][] = [
    [{ body }, 41001],
    [{ query: `component_access_token=${token}`, method: 'GET' }, 43002],
    [{ query: 'component_access_token=68_wechats', body }, 40001],
    [{ query: `component_access_token=${openVirtualTokens([secret]).sign(grant)}`, body }, 40001],
    [{ query: `component_access_token=${expired}`, body }, 42001],
    [{ query: `access_token=${account}`, body }, 61014],
    [{ query: `component_access_token=${token}`, body: '{"component_appid":' }, 47001],
    [{ query: `component_access_token=${token}`, body: '' }, 41018],
    [{ query: `component_access_token=${token}`, body: {} }, 41018],
    [{ query: `component_access_token=${token}`, body: { component_appid: OTHER_COMPONENT } }, 40013],
    [{ query: `component_access_token=${token}`, body: ' '.repeat(70_000) }, 45001],
  ];
  for (const [sent, errcode] of refused) expect(await ask(gateway, api, sent)).toMatchObject({ errcode });
  expect(platform.submitted).toEqual([]);
});

test('a component token is accepted under both names, anywhere in the query, and with any content type', async () => {
  const { gateway, token } = await opened();
  const body = { component_appid: COMPONENT, authorization_code: CODE };
  for (const query of [`component_access_token=${token}`, `a=1&access_token=${token}&b=2`]) {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const answer = await ask(gateway, 'api_query_auth', { query, body, headers: { 'content-type': type } });
      expect(answer).toHaveProperty('authorization_info');
    }
  }
});

test('a code is answered with credentials of ours and the granted sets, as often as asked', async () => {
  const platform = fakePlatform();
  const exchanged: unknown[] = [];
  platform.codeExchange.run = (component, code, { waitMs }) => {
    exchanged.push([component, code, waitMs]);
    return Promise.resolve({ outcome: 'authorized', appid: ACCOUNT, profile: 'pending' });
  };
  const read: unknown[] = [];
  platform.authorizers.findActive = (...parameters) => {
    read.push(parameters);
    return Promise.resolve(authorizer({ scopes: [1, 15] }));
  };
  const { gateway, post } = await opened(platform);
  const answer = await post('api_query_auth', { authorization_code: CODE });
  expect(answer).toEqual({
    authorization_info: {
      authorizer_appid: ACCOUNT,
      authorizer_access_token: expect.stringMatching(/^wxt_/),
      expires_in: 7200,
      authorizer_refresh_token: REFRESH_TOKEN,
      func_info: [{ funcscope_category: { id: 1 } }, { funcscope_category: { id: 15 } }],
    },
  });
  await post('api_query_auth', { authorization_code: CODE });
  expect(exchanged).toEqual(Array(2).fill([COMPONENT, CODE, 4_000]));
  // As the consent is now, not as the cache has it.
  expect(read[0]).toEqual([ACCOUNT, COMPONENT, 'fresh']);

  const { authorizer_access_token: token } = answer.authorization_info as { authorizer_access_token: string };
  expect(await (await fetch(`${gateway.url}/cgi-bin/user/get?access_token=${token}`)).json()).toMatchObject({
    errcode: 0,
  });
  expect(platform.submitted.at(-1)).toMatchObject({ appid: ACCOUNT, component: COMPONENT });
  expect(JSON.stringify(gateway.log)).not.toContain(CODE);
});

const refusedCode = (errcode?: number): AuthorizationOutcome => ({
  outcome: 'failed',
  code: 'auth_code_refused',
  message: 'refused',
  ...(errcode === undefined ? {} : { errcode }),
});
test.each<[how: string, outcome: AuthorizationOutcome | 'pending', errcode: number]>([
  ['has not been exchanged yet', 'pending', -1],
  ['is unknown to WeChat', refusedCode(61009), 61009],
  ['is used', refusedCode(61010), 61010],
  ['belongs to a consent that has ended', refusedCode(61003), 61003],
  ['could not be exchanged before it expired', refusedCode(), 61010],
  ['was exchanged from an address that WeChat refuses', refusedCode(61004), 61010],
])('a code that %s', async (_how, outcome, errcode) => {
  const platform = fakePlatform();
  platform.codeExchange.run = () => Promise.resolve(outcome);
  const { post } = await opened(platform);
  expect(await post('api_query_auth', { authorization_code: CODE })).toMatchObject({ errcode });
});

test('a missing or too long code is never exchanged', async () => {
  const platform = fakePlatform();
  platform.codeExchange.run = () => Promise.reject(new Error('it was exchanged'));
  const { post } = await opened(platform);
  for (const code of [undefined, null, '', 'x'.repeat(513)]) {
    expect(await post('api_query_auth', { authorization_code: code })).toMatchObject({ errcode: 61009 });
  }
});

test.each<[verdict: 'altered' | 'expired' | 'other_component', errcode: number]>([
  ['altered', 61009],
  ['expired', 61010],
  ['other_component', 61010],
])('a virtual code that is %s never reaches WeChat', async (verdict, errcode) => {
  const platform = fakePlatform();
  platform.virtualCodes.read = () => ({ verdict });
  platform.codeExchange.run = () => Promise.reject(new Error('it was exchanged'));
  const { post } = await opened(platform);
  expect(await post('api_query_auth', { authorization_code: 'queryauthcode@@@wxv.x' })).toMatchObject({ errcode });
});

test('a virtual code is answered with the present consent, without an exchange', async () => {
  const platform = fakePlatform();
  const consent = { component: COMPONENT, appid: ACCOUNT, grantVersion: 1 };
  platform.virtualCodes.read = () => ({ verdict: 'valid', consent });
  platform.codeExchange.run = () => Promise.reject(new Error('it was exchanged'));
  const { post } = await opened(platform);
  expect(await post('api_query_auth', { authorization_code: 'queryauthcode@@@wxv.x' })).toMatchObject({
    authorization_info: { authorizer_appid: ACCOUNT, authorizer_refresh_token: REFRESH_TOKEN },
  });
  platform.authorizers.find = () => Promise.resolve(authorizer({ state: 'revoked' }));
  expect(await post('api_query_auth', { authorization_code: 'queryauthcode@@@wxv.x' })).toMatchObject({
    errcode: 61003,
  });
});

test('a virtual refresh token is answered with a token of ours and itself', async () => {
  const { post } = await opened();
  const fields = { authorizer_appid: ACCOUNT, authorizer_refresh_token: REFRESH_TOKEN };
  expect(await post('api_authorizer_token', fields)).toEqual({
    authorizer_access_token: expect.stringMatching(/^wxt_/),
    expires_in: 7200,
    authorizer_refresh_token: REFRESH_TOKEN,
  });
});

test('a refresh token of WeChat’s, which a program stored before it moved here, is exchanged for the virtual one', async () => {
  const { gateway, post } = await opened();
  const fields = { authorizer_appid: ACCOUNT, authorizer_refresh_token: 'refreshtoken@@@of-wechat' };
  expect(await post('api_authorizer_token', fields)).toMatchObject({ authorizer_refresh_token: REFRESH_TOKEN });
  expect(JSON.stringify(gateway.log)).not.toContain('of-wechat');
});

test.each<[how: string, fields: object, errcode: number]>([
  ['without an account', { authorizer_refresh_token: REFRESH_TOKEN }, 41002],
  ['without a refresh token', { authorizer_appid: ACCOUNT }, 61023],
  ['with an empty one', { authorizer_appid: ACCOUNT, authorizer_refresh_token: '' }, 61023],
  ['with no refresh token at all', { authorizer_appid: ACCOUNT, authorizer_refresh_token: 'x' }, 61023],
  ['with that of another account', { authorizer_appid: ACCOUNT, authorizer_refresh_token: `${REFRESH_TOKEN}x` }, 61023],
  [
    'with that of another component',
    { authorizer_appid: ACCOUNT, authorizer_refresh_token: `wxr_${OTHER_COMPONENT}_${ACCOUNT}` },
    61023,
  ],
  ['for an unknown account', { authorizer_appid: OTHER_ACCOUNT, authorizer_refresh_token: REFRESH_TOKEN }, 61003],
])('api_authorizer_token %s is refused', async (_how, fields, errcode) => {
  const { post } = await opened();
  expect(await post('api_authorizer_token', fields)).toMatchObject({ errcode });
});

test.each<[state: 'revoked' | 'needs-reauthorization', errcode: number]>([
  ['revoked', 61003],
  ['needs-reauthorization', 61023],
])('for an account that is %s, no token is issued', async (state, errcode) => {
  const platform = fakePlatform();
  platform.authorizers.findActive = (appid) => Promise.reject(new ReauthorizeFailure(COMPONENT, appid, state));
  const { post } = await opened(platform);
  const fields = { authorizer_appid: ACCOUNT, authorizer_refresh_token: REFRESH_TOKEN };
  expect(await post('api_authorizer_token', fields)).toMatchObject({ errcode });
});

test('a pre-auth code comes from WeChat', async () => {
  const platform = fakePlatform();
  const { post } = await opened(platform);
  expect(await post('api_create_preauthcode', {})).toEqual({ pre_auth_code: 'preauthcode@@@1', expires_in: 1800 });
  platform.consents.createPreAuthCode = () =>
    Promise.reject(new Failure('ip_not_allowed', 'operator', 'not from here', { errcode: 61004 }));
  expect(await post('api_create_preauthcode', {})).toMatchObject({ errcode: 61004 });
});

test('list and info are calls, whose answers carry virtual refresh tokens', async () => {
  const platform = fakePlatform();
  const { post } = await opened(platform);
  const list = { total_count: 1, list: [{ authorizer_appid: ACCOUNT, refresh_token: 'r@@@1', auth_time: 1 }] };
  platform.calls.settled = () => Promise.resolve(settledCall({ response: answered(JSON.stringify(list)) }));
  expect(await post('api_get_authorizer_list', { offset: 0, count: 100 })).toEqual({
    total_count: 1,
    list: [{ authorizer_appid: ACCOUNT, refresh_token: REFRESH_TOKEN, auth_time: 1 }],
  });
  expect(platform.submitted.at(-1)).toMatchObject({
    appid: COMPONENT,
    component: COMPONENT,
    path: '/cgi-bin/component/api_get_authorizer_list',
    method: 'POST',
  });

  const info = { authorization_info: { authorizer_refresh_token: 'r@@@1' } };
  platform.calls.settled = () => Promise.resolve(settledCall({ response: answered(JSON.stringify(info)) }));
  expect(await post('api_get_authorizer_info', { authorizer_appid: ACCOUNT, more: 1 })).toEqual({
    authorization_info: { authorizer_refresh_token: REFRESH_TOKEN },
  });
  const { body } = platform.submitted.at(-1)!;
  expect(JSON.parse(body!.toString())).toEqual({ component_appid: COMPONENT, authorizer_appid: ACCOUNT, more: 1 });
  expect(await post('api_get_authorizer_info', {})).toMatchObject({ errcode: 41002 });
});

test('a key for certain accounts is a component whose only accounts are these', async () => {
  const platform = fakePlatform();
  restrict(platform);
  const { post } = await opened(platform, RESTRICTED);
  expect(await post('api_get_authorizer_list', { offset: 0, count: 100 })).toEqual({
    total_count: 1,
    list: [{ authorizer_appid: ACCOUNT, refresh_token: REFRESH_TOKEN, auth_time: expect.any(Number) }],
  });
  expect(await post('api_get_authorizer_list', { offset: '1', count: '100' })).toEqual({ total_count: 1, list: [] });
  expect(await post('api_get_authorizer_list', { offset: 0, count: 501 })).toMatchObject({ errcode: 40170 });
  expect(await post('api_get_authorizer_list', { offset: -1, count: 1 })).toMatchObject({ errcode: 47001 });
  // The list comes from our records, the pre-auth code would be for any account.
  expect(await post('api_create_preauthcode', {})).toMatchObject({ errcode: 61003 });
  expect(platform.submitted).toEqual([]);

  const mine = { authorizer_appid: ACCOUNT, authorizer_refresh_token: REFRESH_TOKEN };
  expect(await post('api_authorizer_token', mine)).toHaveProperty('authorizer_access_token');
  expect(await post('api_get_authorizer_info', mine)).toMatchObject({ errcode: 0 });
  expect(await post('api_query_auth', { authorization_code: CODE })).toHaveProperty('authorization_info');

  const foreign = {
    authorizer_appid: OTHER_ACCOUNT,
    authorizer_refresh_token: `wxr_${COMPONENT}_${OTHER_ACCOUNT}`,
  };
  expect(await post('api_authorizer_token', foreign)).toMatchObject({ errcode: 61003 });
  expect(await post('api_get_authorizer_info', foreign)).toMatchObject({ errcode: 61003 });
  platform.codeExchange.run = () => Promise.resolve({ outcome: 'authorized', appid: OTHER_ACCOUNT, profile: 'asked' });
  expect(await post('api_query_auth', { authorization_code: CODE })).toMatchObject({ errcode: 61003 });
  expect(platform.submitted).toHaveLength(1);
});

test('of a repeated member, WeChat is asked about the account that was checked', async () => {
  const platform = fakePlatform();
  restrict(platform);
  const { gateway, token } = await opened(platform, RESTRICTED);
  const body = `{"component_appid":"${COMPONENT}","authorizer_appid":"${OTHER_ACCOUNT}","authorizer_appid":"${ACCOUNT}"}`;
  await ask(gateway, 'api_get_authorizer_info', { query: `component_access_token=${token}`, body });
  expect(platform.submitted.at(-1)!.body!.toString()).not.toContain(OTHER_ACCOUNT);
});

test('a key for certain paths gets tokens of ours, and calls these paths only', async () => {
  const platform = fakePlatform();
  platform.given.set('wxk_paths', apiKey({ paths: ['/cgi-bin/message/*'] }));
  const { post } = await opened(platform, 'wxk_paths');
  const mine = { authorizer_appid: ACCOUNT, authorizer_refresh_token: REFRESH_TOKEN };
  expect(await post('api_authorizer_token', mine)).toHaveProperty('authorizer_access_token');
  for (const api of ['api_query_auth', 'api_create_preauthcode', 'api_get_authorizer_list']) {
    expect(await post(api, { authorization_code: CODE })).toMatchObject({ errcode: 48001 });
  }
  expect(await post('api_get_authorizer_info', mine)).toMatchObject({ errcode: 48001 });
  expect(platform.submitted).toEqual([]);
});

test('the tokens of a revoked key are invalid', async () => {
  const platform = fakePlatform();
  platform.given.set('wxk_short', apiKey());
  const { post } = await opened(platform, 'wxk_short');
  platform.given.delete('wxk_short');
  expect(await post('api_query_auth', { authorization_code: CODE })).toMatchObject({ errcode: 40001 });
});
