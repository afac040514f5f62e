import { type Answer, documentedErrcodes } from '@wxthirdparty/wechat';
import { expect, it } from 'vitest';
import { errcodeOf, quotaEvidenceOf } from './quota-evidence.ts';

const LOGIN = '/sns/component/jscode2session';

it.each([
  ['a success', 0, 'open'],
  ['a refused parameter', 40003, 'open'],
  ['a used-up day', 45009, 'day-used-up'],
  ['a used-up minute', 45011, 'minute-used-up'],
  ['a used-up minute of content checks', 44991, 'minute-used-up'],
  ['a refused token', 40001, 'none'],
  ['an expired token', 42001, 'none'],
  ['an address that is not on the list', 61004, 'none'],
  ['a permission that is missing', 48001, 'none'],
  ['a limit of something else', 45047, 'none'],
  ['a busy WeChat', -1, 'none'],
  ['a number that is not documented', 123456, 'none'],
  ['no readable answer', undefined, 'none'],
] as const)('%s (%s) says about a quota: %s', (_, errcode, evidence) => {
  expect(quotaEvidenceOf('/cgi-bin/user/get', errcode)).toBe(evidence);
});

it('lets the minute of one user say nothing about the account', () => {
  expect([45011, 45009].map((errcode) => quotaEvidenceOf(LOGIN, errcode))).toEqual(['none', 'day-used-up']);
});

it('has a rule for every class that is documented', () => {
  for (const { errcode } of documentedErrcodes()) expect(quotaEvidenceOf('/cgi-bin/user/get', errcode)).toBeDefined();
});

it('reads bytes as a success, and what is broken as nothing', () => {
  const answers = [{ kind: 'binary' }, { kind: 'broken' }, { kind: 'json', errcode: 45009 }] as Answer[];
  expect(answers.map(errcodeOf)).toEqual([0, undefined, 45009]);
});
