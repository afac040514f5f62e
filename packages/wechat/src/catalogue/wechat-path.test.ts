import { expect, test } from 'vitest';
import { endpoints } from './endpoint.ts';
import { bringsToken, mints, namesToken, pathFault } from './wechat-path.ts';

test('every catalogued path can be called as it stands', () => {
  expect(endpoints.filter(({ path }) => pathFault(path.split('?', 1)[0]!) !== undefined)).toEqual([]);
});

test.each(['/cgi-bin/brand/new', '/wxa/~x', '/card/create', '/cgi-bin/v1.2/a-b_c'])('%s may be one, too', (path) => {
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
  '/CGI-BIN/token',
  '/v1/keys',
  '/cgi-binx/user',
])('%j is none', (path) => {
  expect(pathFault(path)).toMatch(/^path must /);
});

test('what gives out credentials is known by each spelling', () => {
  for (const { path } of endpoints.filter((it) => it.mints)) expect(mints(path), path).toBe(true);
  for (const path of ['/cgi-bin/token', '/cgi-bin/Stable_Token', '/cgi-bin/component/api_NEW_token']) {
    expect(mints(path), path).toBe(true);
  }
  expect(mints('/cgi-bin/user/get')).toBe(false);
});

test.each([
  ['access_token', true],
  ['ACCESS_TOKEN', true],
  ['component_access_token', true],
  ['authorizer_access_token', true],
  ['accessToken', true],
  ['next_openid', false],
  ['token', false],
])('%s names a token: %s', (name, expected) => {
  expect(namesToken(name)).toBe(expected);
});

test('a person’s own token is theirs to bring, and no other', () => {
  expect(bringsToken('access_token', 'GET', '/sns/userinfo')).toBe(false);
  expect(bringsToken('component_access_token', 'GET', '/sns/userinfo')).toBe(true);
  expect(bringsToken('access_token', 'GET', '/cgi-bin/user/get')).toBe(true);
});
