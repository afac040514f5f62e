import { expect, test } from 'vitest';
import { redact, redactOutcome, redactText } from './redact.ts';

test('ids, numbers and dates are shown', () => {
  const job = {
    owner: { kind: 'authorizer', component: 'wxc', appid: 'wxa' },
    callId: 'wxc.wxa.1f',
    attempt: 2,
    at: '2026-11-22T10:00:00.000Z',
  };
  expect(redact(job)).toEqual(job);
});

test('the path of an API is shown, and nothing that follows it', () => {
  const expected = { method: 'GET', path: '/cgi-bin/user/info' };
  expect(redact({ expected })).toEqual({ expected });
  expect(redact({ path: '/cgi-bin/user/info?openid=o1' })).toEqual({ path: 'masked, 28 characters' });
});

test('an envelope is only as long as it is', () => {
  expect(redact({ envelope: 'x'.repeat(700) })).toEqual({ envelope: 'sealed, 700 bytes' });
  expect(redact({ envelope: { encrypt: 'abc' } })).toEqual({ envelope: 'sealed, 17 bytes' });
});

test.each([
  'openid',
  'openId',
  'fromUserName',
  'access_token',
  'refreshToken',
  'tokenId',
  'ticket',
  'authCode',
  'content',
  'nickName',
  'msg',
])('%s is masked', (name) =>
  expect(JSON.stringify(redact({ [name]: 'oABCDEF12345' }))).toContain('masked, 12 characters'),
);

test('outcomes are words', () => {
  expect(redactOutcome('superseded')).toBe('superseded');
  expect(redactOutcome('oABCDEFGH12345')).toBe('masked, 14 characters');
});

test('opaque words vanish from messages, file names stay', () => {
  expect(
    redactText('token 68_abcdefghijklmnopqrstuvwxyz0123456789 at /src/component-api/open-component-api.ts:12:3'),
  ).toBe('token ‹39 characters› at /src/component-api/open-component-api.ts:12:3');
});
