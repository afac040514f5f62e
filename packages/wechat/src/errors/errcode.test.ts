import { describe, expect, test } from 'vitest';
import { documentedErrcodes, explainErrcode, isTokenRefusal } from './errcode.ts';
import { refusal } from './refusal.ts';

const remedies = ['retry', 'slow-down', 'refresh-token', 'reauthorize', 'fix-request', 'operator'];

test('every number of the table has a meaning, a remedy and a stable code', () => {
  const entries = documentedErrcodes();
  expect(entries).toHaveLength(287);
  for (const entry of entries) {
    expect(remedies).toContain(entry.remedy);
    expect(entry.code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(entry.meaning).not.toBe('');
  }
});

test.each([
  [-1, 'wechat_busy', 'retry'],
  [40001, 'token_refused', 'refresh-token'],
  [40014, 'token_refused', 'refresh-token'],
  [42001, 'token_refused', 'refresh-token'],
  [42006, 'token_refused', 'refresh-token'],
  [40125, 'secret_refused', 'operator'],
  [45009, 'quota_closed', 'slow-down'],
  [45011, 'minute_limit', 'slow-down'],
  [44991, 'minute_limit', 'slow-down'],
  [45102, 'wechat_not_yet', 'slow-down'],
  [48006, 'month_limit', 'slow-down'],
  [87013, 'day_limit', 'slow-down'],
  [61003, 'not_authorized', 'reauthorize'],
  [61023, 'refresh_token_refused', 'reauthorize'],
  [61004, 'ip_not_allowed', 'operator'],
  [40164, 'ip_not_allowed', 'operator'],
  [61005, 'ticket_refused', 'retry'],
  [61006, 'ticket_refused', 'retry'],
  [61009, 'auth_code_refused', 'fix-request'],
  [61010, 'auth_code_refused', 'fix-request'],
  [61011, 'component_refused', 'operator'],
  [48001, 'api_not_granted', 'fix-request'],
  [48004, 'operator_needed', 'operator'],
  [40003, 'wechat_refused', 'fix-request'],
  [87009, 'wechat_refused', 'fix-request'],
  [41035, 'operator_needed', 'operator'],
  [268490015, 'wechat_not_yet', 'slow-down'],
  [990001, 'outcome_unknown', 'operator'],
  [990404, 'not_simulated', 'operator'],
  [123456, 'wechat_refused', 'fix-request'],
] as const)('%i is %s: %s', (errcode, code, remedy) => {
  expect(explainErrcode(errcode)).toMatchObject({ errcode, code, remedy });
});

test('refusals of a token are recognized', () => {
  expect([40001, 40014, 42001, 42006].every(isTokenRefusal)).toBe(true);
  expect([0, -1, 40125, 42002, 61023].some(isTokenRefusal)).toBe(false);
});

describe('a refusal', () => {
  test('contains the action and the remedy', () => {
    const errmsg = 'reach max api daily quota limit rid: 617682e0-09059ac5-34a8e2ea';
    const failure = refusal({ errcode: 45009, errmsg, rid: '617682e0-09059ac5-34a8e2ea' }, 'listing followers');
    expect(failure).toMatchObject({ code: 'quota_closed', errcode: 45009, rid: '617682e0-09059ac5-34a8e2ea' });
    expect(failure.message).toContain('listing followers');
    expect(failure.message).toContain('617682e0-09059ac5-34a8e2ea');
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(24 * 3600 * 1000);
  });

  test.each([
    'invalid ticket ticket@@@SECRETpart',
    'access_token: SECRET is bad',
    '{"component_appsecret":"SECRET"}',
    'token=SECRET, appid=wx',
    'bad 80_SECRETSECRETSECRETSECRETSECRETSECRET here',
    `refreshtoken@@@${'SECRET'.repeat(9)}`,
  ])('never quotes a secret: %s', (errmsg) => {
    expect(refusal({ errcode: 40001, errmsg }, 'x').message).not.toContain('SECRET');
  });
});
