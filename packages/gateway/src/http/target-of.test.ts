import { expect, test } from 'vitest';
import { formCarriesToken, isForVirtualWeChat, isOwnPath } from './own-path.ts';
import { targetOf } from './target-of.ts';

test.each([
  ['/cgi-bin/user/get?a=1?b', '/cgi-bin/user/get', 'a=1?b'],
  ['//cgi-bin/user/get?a=1', '/cgi-bin/user/get', 'a=1'],
  ['///v1/status', '/v1/status', ''],
  ['/cgi-bin//user/get', '/cgi-bin//user/get', ''],
  ['http://gateway:3000//cgi-bin/user/get?a=//b', '/cgi-bin/user/get', 'a=//b'],
  ['http://gateway?a=1', '/', 'a=1'],
  ['/?a=1', '/', 'a=1'],
  ['', '/', ''],
  ['*', '*', ''],
])('%s asks for %s', (url, path, search) => {
  expect(targetOf(url)).toMatchObject({ path, search });
});

test('the rest of the target is unchanged', () => {
  expect(targetOf('//authorize/c?').relative).toBe('/authorize/c?');
});

test.each(['/', '/v1', '/V1/keys', '/wechat/c/events', '/authorize/c', '/admin/', '/docs/x', '/healthz', '/metrics/'])(
  '%s is our own',
  (path) => expect(isOwnPath(path)).toBe(true),
);

test.each([
  '/cgi-bin/user/get',
  '/v11/x',
  '/wechatx',
  '/healthz/x',
  '/docsx',
  '/xpay/query_order',
  '*',
  '/favicon.ico',
])('%s is WeChat’s', (path) => expect(isOwnPath(path)).toBe(false));

test.each([
  ['access_token=x', true],
  ['a=1&component_access_token=', true],
  ['access%5Ftoken=x', true],
  ['ACCESS_TOKEN=x', true],
  ['appid=a&secret=k', true],
  ['component_appsecret=k', true],
  ['component_secret=k', true],
  ['token=x&next=access_token', false],
  ['secrets=1', false],
  ['', false],
])('the query %j carries a token or a secret: %s', (search, carries) => {
  expect(isForVirtualWeChat({ path: '/v1/status', search })).toBe(carries);
});

test.each([
  ['/cgi-bin/user/get', true],
  ['/v1/cgi-bin/user/get', true],
  ['/V1//SNS/userinfo', true],
  ['/wechat/cgi-bin', true],
  ['/v1/status', false],
  ['/v1/calls/cgi-bin', false],
  ['/wechat/wx00000000000000c1/events', false],
  ['/authorize/wx00000000000000c1', false],
  ['/admin/queues', false],
  ['/docs', false],
  ['/', false],
])('%s is for the virtual WeChat: %s', (path, expected) => {
  expect(isForVirtualWeChat({ path, search: '' })).toBe(expected);
});

test.each([
  ['access_token=x&a=1', true],
  ['a=1&component_access_token=x', true],
  ['--b\r\nContent-Disposition: form-data; name="access_token"\r\n\r\nx', true],
  ['{"my_access_token":"x"}', false],
  ['a=access_token', false],
])('the form %j carries a token: %s', (start, carries) => {
  expect(formCarriesToken(start)).toBe(carries);
});
