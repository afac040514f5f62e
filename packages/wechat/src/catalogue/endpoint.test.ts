import { expect, test } from 'vitest';
import { cataloguedPath, endpointOf, endpoints } from './endpoint.ts';

test('each of 241 endpoints is found by its own spelling', () => {
  expect(endpoints).toHaveLength(241);
  for (const endpoint of endpoints) {
    expect(endpointOf(endpoint.method, endpoint.path).name).toBe(endpoint.name);
    const path = endpoint.path.split('?', 1)[0]!;
    expect(cataloguedPath(path)).toBe(path);
  }
});

test('an API that is not catalogued takes the account’s token and is repeated only if it reads', () => {
  expect(endpointOf('POST', '/card/create')).toMatchObject({
    token: 'authorizer',
    safeToRepeat: false,
    issuesCredentials: false,
  });
  expect(endpointOf('GET', '/intp/marketcode/applycodequery')).toMatchObject({
    token: 'authorizer',
    safeToRepeat: true,
  });
});

test.each([
  ['POST', '/cgi-bin/user/info/batchget', true],
  ['POST', '/cgi-bin/tags/update', true],
  ['POST', '/cgi-bin/user/info/updateremark', true],
  ['POST', '/cgi-bin/menu/create', true],
  ['POST', '/wxa/modify_domain', true],
  ['POST', '/datacube/getusersummary', true],
  ['POST', '/cgi-bin/material/get_material', true],
  ['GET', '/cgi-bin/user/get', true],
  ['POST', '/cgi-bin/message/custom/send', false],
  ['POST', '/cgi-bin/message/template/send', false],
  ['POST', '/cgi-bin/message/mass/sendall', false],
  ['POST', '/cgi-bin/media/upload', false],
  ['POST', '/cgi-bin/material/add_material', false],
  ['POST', '/cgi-bin/tags/create', false],
  ['POST', '/wxa/release', false],
  ['POST', '/wxa/submit_audit', false],
  ['POST', '/cgi-bin/clear_quota', false],
  ['GET', '/wxa/undocodeaudit', false],
  ['GET', '/wxa/revertcoderelease', false],
  ['GET', '/sns/component/jscode2session', false],
  ['GET', '/cgi-bin/message/custom/send', false],
  ['POST', '/cgi-bin/component/fastregisterweapp', false],
  ['POST', '/cgi-bin/component/fastregisterweapp?action=create', false],
  ['POST', '/cgi-bin/component/fastregisterweapp?action=search', true],
  ['GET', '/wxa/brand_new', true],
  ['POST', '/wxa/brand_new', false],
])('%s %s safe to repeat: %s', (method, path, safe) => {
  expect(endpointOf(method, path).safeToRepeat).toBe(safe);
});

test('no send, upload, submission or addition is safe to repeat', () => {
  const suspicious = /send|upload|submit|mass\/|release$|clear_quota|\/add|api_add|\/create$|apply/;
  const repeated = endpoints.filter(({ path, safeToRepeat }) => safeToRepeat && suspicious.test(path));
  expect(repeated.map(({ name }) => name).sort()).toEqual(
    ['createMenu', 'massGet', 'massSpeedGet', 'massSpeedSet', 'uploadKfHeadImg'].sort(),
  );
});

test.each([
  '/cgi-bin/component/api_component_token',
  '/cgi-bin/component/api_authorizer_token',
  '/cgi-bin/component/api_query_auth',
  '/cgi-bin/component/api_create_preauthcode',
  '/cgi-bin/component/API_Authorizer_Token/',
  '/cgi-bin/component/api%5fauthorizer%5ftoken',
  '/cgi-bin//component/api_query_auth',
  '/cgi-bin/token',
  '/cgi-bin/stable_token',
  '/sns/oauth2/access_token',
  '/cgi-bin/component/api_authorizer_token.',
  '/cgi-bin/component/api_authorizer_token~',
  '/cgi-bin/component/api_authorizer_token..~',
  '/cgi-bin/component/api_authorizer_token;v=1',
  '/cgi-bin/component/api%255fauthorizer%255ftoken',
  '/cgi-bin/component/api_authorizer_token%3f',
  '/cgi-bin/component/api_authorizer_token%23x',
  '/cgi-bin/component/api_authorizer_token%00',
  '/cgi-bin/component/api_authorizer_token%2f',
  '/cgi-bin/component/api_authorizer_token/v2',
  '/cgi-bin/component/api_authorizer_token_v2',
  '/cgi-bin/component/x/%2e%2e/api_query_auth',
  '/cgi-bin/./component/api_query_auth',
  '/cgi-bin\\component\\api_query_auth',
  '/cgi-bin%5ccomponent%5capi_query_auth',
  '//cgi-bin/component/api_query_auth',
  '/CGI-BIN/Token/',
  '/cgi-bin/token/refresh',
  '/cgi-bin/stabletoken',
  '/sns/oauth2/refresh_token/',
])('%s issues credentials', (path) => {
  expect(endpointOf('POST', path).issuesCredentials).toBe(true);
  expect(endpointOf('GET', path).issuesCredentials).toBe(true);
});

test.each(['/cgi-bin/ticket/getticket', '/cgi-bin/user/get', '/sns/oauth2/component/access_token', '/wxa/%zz'])(
  '%s does not issue credentials',
  (path) => {
    expect(endpointOf('GET', path).issuesCredentials).toBe(false);
  },
);

test.each([
  ['/cgi-bin/component/api_get_authorizer_list', 'component'],
  ['/cgi-bin/component/something_new', 'component'],
  ['/cgi-bin/component/setprivacysetting', 'authorizer'],
  ['/cgi-bin/component/getprivacysetting', 'authorizer'],
  ['/cgi-bin/component/api_start_push_ticket', 'none'],
  ['/sns/component/jscode2session', 'component'],
  ['/sns/oauth2/component/access_token', 'component'],
  ['/sns/userinfo', 'user'],
  ['/componenttcb/batchgetenvid', 'component'],
  ['/cgi-bin/openapi/quota/get', 'either'],
  ['/cgi-bin/user/get', 'authorizer'],
  ['/wxa/brand_new', 'authorizer'],
] as const)('%s takes the token: %s', (path, token) => {
  expect(endpointOf('POST', path).token).toBe(token);
});

test('day limits are those of the documentation', () => {
  expect(endpointOf('GET', '/cgi-bin/user/get').dailyLimit).toBe(500);
  expect(endpointOf('POST', '/cgi-bin/user/info/batchget').dailyLimit).toBeUndefined();
});

test('minute limits are present if they are documented for the account', () => {
  const limited = endpoints.filter(({ minuteLimit }) => minuteLimit !== undefined);
  expect(limited.map(({ path, minuteLimit }) => [path, minuteLimit])).toEqual([
    ['/sns/userinfo', 50_000],
    ['/wxa/getwxacodeunlimit', 5_000],
    ['/wxa/msg_sec_check', 4_000],
  ]);
  expect(endpointOf('POST', '/cgi-bin/user/get').minuteLimit).toBeUndefined();
});
