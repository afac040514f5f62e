import { expect, test } from 'vitest';
import { refreshTokenName, withRefreshTokenName, withRefreshTokenNames } from './refresh-token-name.ts';

test('the name needs no secret, so that programs may store it for years', () => {
  expect(refreshTokenName('wxc', 'wxa')).toBe('wxr_wxc_wxa');
});

test('in an answer about one account only the refresh token is replaced', () => {
  const answer =
    '{"authorizer_info":{"nick_name":"茶{馆\\u0007"},"authorization_info":{"authorizer_refresh_token" : "refreshtoken@@@a\\/\\"b","func_info":[{"funcscope_category":{"id":1}}]}}';
  expect(withRefreshTokenName(Buffer.from(answer), 'wxc', 'wxa').toString()).toBe(
    answer.replace('refreshtoken@@@a\\/\\"b', 'wxr_wxc_wxa'),
  );
});

test('in the list every account has its own, an empty one stays empty, and one without an account is masked', () => {
  const list =
    '{"total_count":9007199254740993,"list":[{"authorizer_appid":"wxa","refresh_token":"r@@@1","auth_time":1},{"refresh_token":"r@@@2","authorizer_appid":"wxb"},{"authorizer_appid":"wxd","refresh_token":""},{"refresh_token":"r@@@3"}],"refresh_token":"r@@@4"}';
  expect(withRefreshTokenNames(Buffer.from(list), 'wxc').toString()).toBe(
    list
      .replace('r@@@1', 'wxr_wxc_wxa')
      .replace('r@@@2', 'wxr_wxc_wxb')
      .replace('r@@@3', '***')
      .replace('r@@@4', '***'),
  );
});

test('a refusal of WeChat’s is unchanged', () => {
  const refusal = Buffer.from('{"errcode":61003,"errmsg":"component is not authorized by this account"}');
  expect(withRefreshTokenNames(refusal, 'wxc')).toBe(refusal);
});
