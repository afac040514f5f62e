import { expect, test } from 'vitest';
import { withoutRefreshTokens } from './without-refresh-tokens.ts';

const LIST = '/cgi-bin/component/api_get_authorizer_list';
const masked = (text: string, path = LIST) => withoutRefreshTokens(path, Buffer.from(text)).toString();

test('only the refresh tokens are masked', () => {
  expect(
    masked(
      '{"list":[{"refresh_token":"refreshtoken@@@a\\/b\\"c", "n":1},{"authorizer_refresh_token" : "x"}],"名":"\\/"}',
    ),
  ).toBe('{"list":[{"refresh_token":"***", "n":1},{"authorizer_refresh_token" : "***"}],"名":"\\/"}');
});

test('an empty refresh token stays empty', () => {
  expect(masked('{"refresh_token":""}')).toBe('{"refresh_token":""}');
});

test('answers to users’ logins are not changed', () => {
  const answer = '{"refresh_token":"of a person"}';
  expect(masked(answer, '/sns/oauth2/component/access_token')).toBe(answer);
});
