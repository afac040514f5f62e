import { expect, it, test } from 'vitest';
import { issuedUserToken, issuesUserTokens } from './issued-user-token.ts';

it.each<[answer: unknown, lifeMs: number]>([
  [{ access_token: '86_t', expires_in: 7200, refresh_token: 'r', openid: 'o' }, 7_200_000],
  [{ access_token: '86_t', expires_in: 60 }, 60_000],
  [{ access_token: '86_t', expires_in: 0.0004 }, 1],
  // Never longer than a token of WeChat lives.
  [{ access_token: '86_t', expires_in: 2_592_000 }, 7_200_000],
  [{ access_token: '86_t', expires_in: '7200' }, 7_200_000],
  [{ access_token: '86_t', expires_in: 0 }, 7_200_000],
  [{ access_token: '86_t' }, 7_200_000],
])('of %j the token counts for %i ms', (answer, lifeMs) => {
  expect(issuedUserToken(answer)).toEqual({ token: '86_t', lifeMs });
});

it.each([
  [{ errcode: 40029, errmsg: 'invalid code' }],
  [{ access_token: '' }],
  [{ access_token: 7 }],
  [{ access_token: 'x'.repeat(513) }],
  [['access_token']],
  ['access_token'],
  [null],
  [undefined],
])('%j contains no token', (answer) => {
  expect(issuedUserToken(answer)).toBeUndefined();
});

test.each([
  ['/sns/oauth2/component/access_token', true],
  ['/sns/oauth2/component/refresh_token', true],
  ['/sns/component/jscode2session', false],
  ['/sns/userinfo', false],
  ['/cgi-bin/component/api_authorizer_token', false],
])('whether the answer of %s contains one: %s', (path, issues) => {
  expect(issuesUserTokens(path)).toBe(issues);
});
