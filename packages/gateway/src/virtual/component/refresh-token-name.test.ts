import { expect, test } from 'vitest';
import { refreshTokenName, withRefreshTokenName, withRefreshTokenNames } from './refresh-token-name.ts';

const LIST = '/cgi-bin/component/api_get_authorizer_list';

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

test('in the list every account has its own, even if WeChat’s is empty, and one without an account is masked', () => {
  const list =
    '{"total_count":9007199254740993,"list":[{"authorizer_appid":"wxa","refresh_token":"r@@@1","auth_time":1},{"refresh_token":"r@@@2","authorizer_appid":"wxb"},{"authorizer_appid":"wxd","refresh_token":""},{"refresh_token":"r@@@3"}],"refresh_token":"r@@@4"}';
  expect(withRefreshTokenNames(LIST, Buffer.from(list), 'wxc').toString()).toBe(
    list
      .replace('r@@@1', 'wxr_wxc_wxa')
      .replace('r@@@2', 'wxr_wxc_wxb')
      .replace('"wxd","refresh_token":""', '"wxd","refresh_token":"wxr_wxc_wxd"')
      .replace('r@@@3', '***')
      .replace('r@@@4', '***'),
  );
});

test('a refusal of WeChat’s is unchanged', () => {
  const refusal = Buffer.from('{"errcode":61003,"errmsg":"component is not authorized by this account"}');
  expect(withRefreshTokenNames(LIST, refusal, 'wxc')).toBe(refusal);
});
