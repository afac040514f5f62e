import { expect, test } from 'vitest';
import { endpoints } from './endpoint.ts';
import {
  canonicalPath,
  isReservedTokenParameter,
  issuesCredentials,
  isTokenParameter,
  pathFault,
} from './wechat-path.ts';

test('every catalogued path can be called unchanged', () => {
  expect(endpoints.filter(({ path }) => pathFault(path.split('?', 1)[0]!) !== undefined)).toEqual([]);
});

test.each([
  ...['/cgi-bin/brand/new', '/card/create', '/cgi-bin/v1.2/a-b_c', '/xpay/query_order', '/intp/marketcode/applycode'],
  ...['/componenttcb/batchgetenvid', '/user-order/orders', '/a-family/of_next.year', '/one'],
])('%s can be called, whether it is catalogued or not', (path) => {
  expect(pathFault(path)).toBeUndefined();
});

test.each([
  '',
  '/',
  'cgi-bin/user/get',
  '//evil.example/x',
  'https://evil.example/x',
  '/cgi-bin//user',
  '/cgi-bin/user/',
  '/cgi-bin/../x',
  '/cgi-bin/./token',
  '/cgi-bin/.../token',
  '/cgi-bin/user/get?x=1',
  '/cgi-bin/user/get#x',
  '/cgi-bin/user get',
  '/\\evil.example',
  '/cgi-bin/%2e%2e/x',
  '/cgi-bin/user/get\n',
  '/cgi-bin/user/get\r\nHost: evil.example',
  '/cgi-bin/用户',
  `/cgi-bin/${'x'.repeat(256)}`,
  '/cgi-bin/component/api_authorizer_token.',
  '/cgi-bin/component/api_authorizer_token~',
  '/cgi-bin/user.../get',
  '/cgi-bin/.hidden',
  '/cgi-bin/user;x/get',
  '/cgi-bin/user%2fget',
  '/cgi-bin/user/get\u0000',
  '/cgi-bin/a..b',
])('%j cannot be called', (path) => {
  expect(pathFault(path)).toMatch(/^path must /);
});

test('paths that issue credentials are recognized in each spelling', () => {
  for (const { path } of endpoints.filter((it) => it.issuesCredentials))
    expect(issuesCredentials(path), path).toBe(true);
  for (const path of ['/cgi-bin/token', '/cgi-bin/Stable_Token', '/cgi-bin/component/api_NEW_token']) {
    expect(issuesCredentials(path), path).toBe(true);
  }
  expect(issuesCredentials('/cgi-bin/user/get')).toBe(false);
});

test.each([
  ['access_token', true],
  ['ACCESS_TOKEN', true],
  ['component_access_token', true],
  ['authorizer_access_token', true],
  ['accessToken', true],
  ['next_openid', false],
  ['token', false],
])('%s is a token parameter: %s', (name, expected) => {
  expect(isTokenParameter(name)).toBe(expected);
});

test('a caller may add a user’s own token and no other', () => {
  expect(isReservedTokenParameter('access_token', 'GET', '/sns/userinfo')).toBe(false);
  expect(isReservedTokenParameter('component_access_token', 'GET', '/sns/userinfo')).toBe(true);
  expect(isReservedTokenParameter('access_token', 'GET', '/cgi-bin/user/get')).toBe(true);
});

test.each([
  ['/CGI-BIN/User/Get', '/cgi-bin/user/get'],
  ['/cgi-bin/user/get', '/cgi-bin/user/get'],
  ['/xpay/Query_Order', '/xpay/Query_Order'],
  // A path that cannot be called does not become callable.
  ['/cgi-bin/user/get~', '/cgi-bin/user/get~'],
  ['/cgi-bin//user/get', '/cgi-bin//user/get'],
])('%s is sent, counted and permitted as %s', (path, expected) => {
  expect(canonicalPath(path)).toBe(expected);
});
