import { describe, expect, it } from 'vitest';
import type { CallRequest } from './call.ts';
import { checkRequest } from './check-request.ts';

const good: CallRequest = {
  appid: 'wxa',
  method: 'GET',
  path: '/cgi-bin/user/get',
  query: [['next_openid', '']],
  waitMs: 1,
  departWithinMs: 1,
};

it('accepts a WeChat path with its parameters', () => {
  expect(() => checkRequest(good)).not.toThrow();
});

describe('refuses', () => {
  // The rules of paths are tested in wechat/src/catalogue/wechat-path.test.ts.
  it.each(['', '//evil.example/x', '/cgi-bin/../x', '/cgi-bin/user/get?x=1', '/cgi-bin/user/get~'])(
    'the path %j',
    (path) => {
      expect(() => checkRequest({ ...good, path })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    },
  );
  it.each(['access_token', 'ACCESS_TOKEN', 'component_access_token'])('the parameter %s', (name) => {
    expect(() => checkRequest({ ...good, query: [[name, 'x']] })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
  it.each([
    ['GET', '/cgi-bin/token'],
    ['POST', '/cgi-bin/stable_token'],
    ['POST', '/cgi-bin/component/api_component_token'],
    ['POST', '/cgi-bin/component/api_authorizer_token'],
    ['POST', '/cgi-bin/component/api_query_auth'],
  ])('%s %s, which issues a credential', (method, path) => {
    expect(() => checkRequest({ ...good, method, path })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
  it.each([
    ['one long value', [['a', 'x'.repeat(16 * 1024)]]],
    ['very many', Array.from({ length: 5_000 }, (_, i) => [`n${i}`, ''])],
  ] as [string, [string, string][]][])('a query of %s', (_name, query) => {
    expect(() => checkRequest({ ...good, query })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
  it('other methods', () => {
    expect(() => checkRequest({ ...good, method: 'DELETE' })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
  it('a body beyond 20 MB', () => {
    const body = Buffer.alloc(20 * 1024 * 1024 + 1);
    expect(() => checkRequest({ ...good, body })).toThrow(expect.objectContaining({ code: 'too_large' }));
  });
  it.each([
    { deadlineAt: new Date('no time') },
    { deadlineAt: new Date(Date.now() - 1_000) },
    { deadlineAt: new Date(Date.now() + 8 * 24 * 3_600_000) },
    { notBeforeAt: new Date(Date.now() + 60_000) },
    { notBeforeAt: new Date(Date.now() + 60_000), deadlineAt: new Date(Date.now() + 30_000), waitMs: 0 },
    { orderKey: '', waitMs: 0 },
    { orderKey: 'x'.repeat(65), waitMs: 0 },
    { orderKey: 'for a waiting caller' },
    { idempotencyKey: '' },
    { idempotencyKey: 'x'.repeat(256) },
    { callbackUrl: 'ftp://business.example/hook' },
    { callbackUrl: 'file:///etc/passwd' },
    { callbackUrl: 'javascript:alert(1)' },
    { callbackUrl: '/hook' },
    { callbackUrl: 'http://user:password@business.example/' },
    { callbackUrl: `https://business.example/${'x'.repeat(2_048)}` },
  ])('%o', (change) => {
    expect(() => checkRequest({ ...good, ...change })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

it.each([
  { deadlineAt: new Date(Date.now() + 60_000), callbackUrl: 'http://10.0.0.7:8080/hook', idempotencyKey: 'k' },
  { notBeforeAt: new Date(Date.now() + 60_000), waitMs: 0 },
  { notBeforeAt: new Date(0), waitMs: 0 },
])('accepts %o', (change) => {
  expect(() => checkRequest({ ...good, ...change })).not.toThrow();
});
