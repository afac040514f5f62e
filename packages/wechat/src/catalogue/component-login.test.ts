import { expect, test } from 'vitest';
import { componentLoginOf, loginParameters, programLoginOf } from './component-login.ts';

test.each([
  ['/sns/jscode2session', '/sns/component/jscode2session'],
  ['/sns/oauth2/access_token', '/sns/oauth2/component/access_token'],
  ['/sns/oauth2/refresh_token', '/sns/oauth2/component/refresh_token'],
])('%s is sent as %s, and found under both', (program, component) => {
  expect(componentLoginOf(program)).toBe(component);
  expect(componentLoginOf(component)).toBe(component);
  expect(programLoginOf(component)).toBe(program);
});

test.each([
  '/sns/userinfo',
  '/sns/auth',
  '/cgi-bin/user/get',
  '/cgi-bin/component/api_query_auth',
  '/sns/oauth2/access_token/',
  '/constructor',
  '__proto__',
  '',
])('%j is no login', (path) => {
  expect(componentLoginOf(path)).toBeUndefined();
  expect(programLoginOf(path)).toBeUndefined();
});

test('a login keeps what it asks, in its order, and nothing that identifies program or platform', () => {
  const asked = [
    ['appid', 'wx1'],
    ['secret', 's'],
    ['code', 'c'],
    ['component_appid', 'wx2'],
    ['component_access_token', 't'],
    ['access_token', 't'],
    ['grant_type', 'authorization_code'],
  ] as const;
  expect(loginParameters(asked)).toEqual([
    ['code', 'c'],
    ['grant_type', 'authorization_code'],
  ]);
});
