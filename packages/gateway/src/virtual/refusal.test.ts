import { Failure, type Remedy } from '@wxthirdparty/wechat';
import { expect, test } from 'vitest';
import { refusalOf } from './refusal.ts';

test.each<[code: string, remedy: Remedy, errcode: number]>([
  ['unknown_authorizer', 'fix-request', 61003],
  ['ambiguous_component', 'fix-request', 61003],
  ['reauthorize', 'reauthorize', 61003],
  ['quota_closed', 'slow-down', 45009],
  ['not_ready', 'retry', -1],
  ['overloaded', 'slow-down', -1],
  ['deadline_passed', 'retry', -1],
  ['wechat_unreachable', 'retry', -1],
  ['outcome_unknown', 'operator', 990001],
  ['call_lost', 'retry', 990001],
  ['too_large', 'fix-request', 45001],
])('%s → %s → %i', (code, remedy, errcode) => {
  expect(refusalOf(new Failure(code, remedy, 'why')).errcode).toBe(errcode);
});

test('the operator receives WeChat’s own errcode', () => {
  expect(refusalOf(new Failure('ip_not_allowed', 'operator', 'why', { errcode: 61004 })).errcode).toBe(61004);
});

test('a refused component token never makes an SDK drop its token of this gateway', () => {
  expect(refusalOf(new Failure('invalid_credential', 'operator', 'why', { errcode: 40001 })).errcode).toBe(-1);
});
