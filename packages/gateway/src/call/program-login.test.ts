import { expect, test } from 'vitest';
import { asComponentLogin, mayReadCalls } from './program-login.ts';

const query = [
  ['appid', 'wxa'],
  ['secret', 's'],
  ['js_code', 'c'],
] as const;

test('a login as programs send it becomes one of the component', () => {
  expect(asComponentLogin({ method: 'GET', path: '/sns/jscode2session', query }, false)).toEqual({
    method: 'GET',
    path: '/sns/component/jscode2session',
    query: [['js_code', 'c']],
  });
});

test('a call of the component keeps the account that it names', () => {
  expect(asComponentLogin({ path: '/sns/component/jscode2session', query }, true).query).toEqual([
    ['appid', 'wxa'],
    ['js_code', 'c'],
  ]);
});

test('other calls are unchanged', () => {
  const call = { path: '/cgi-bin/user/info', query };
  expect(asComponentLogin(call, false)).toBe(call);
});

test('a key that names either form of a login may read its calls', () => {
  const sent = '/sns/component/jscode2session';
  const rights = (...paths: string[]) => ({ scopes: [], accounts: [], paths });
  expect(mayReadCalls(rights('/sns/jscode2session'), sent)).toBe(true);
  expect(mayReadCalls(rights(sent), sent)).toBe(true);
  expect(mayReadCalls(rights(), sent)).toBe(true);
  expect(mayReadCalls(rights('/sns/oauth2/access_token'), sent)).toBe(false);
  expect(mayReadCalls(rights('/cgi-bin/user/*'), '/sns/userinfo')).toBe(false);
});
