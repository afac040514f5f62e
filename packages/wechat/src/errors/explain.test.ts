import { describe, expect, test } from 'vitest';
import { documentedErrcodes } from './errcode.ts';
import { explain, explainFailure } from './explain.ts';

/** The most frequent errcodes of a gateway (protocol §8). */
const FREQUENT = [
  ...[-1, 40001, 40003, 40014, 40125, 40164, 42001, 43004, 44002, 45009, 45011, 45015, 45047, 47001, 48001, 48004],
  ...[41035, 43116, 61019, 61500, 61501, 85066, 87009, 200014, 268490015],
  ...[48006, 50002, 61003, 61004, 61005, 61007, 61010, 61014, 61023, 85009, 85085, 9402202],
];

describe('an explanation', () => {
  test.each(FREQUENT)('of %i has its meaning in both languages', (errcode) => {
    const { explanation, documented } = explain(errcode);
    expect(documented).toBe(true);
    expect(explanation.zh).toMatch(/\p{Script=Han}/u);
    expect(explanation.zh).not.toMatch(/类错误/);
    expect(explanation.en).toMatch(/^[A-Z].*\.$/);
  });

  test('exists for every documented number, in whole sentences', () => {
    for (const { errcode } of documentedErrcodes()) {
      const { zh, en } = explain(errcode).explanation;
      expect(zh, String(errcode)).toMatch(/\p{Script=Han}.*。$/u);
      expect(en, String(errcode)).toMatch(/\.$/);
    }
  });

  test('of a number without a Chinese text names its class', () => {
    expect(explain(61452).explanation.zh).toBe('请求参数类错误。请修改请求后再发送。');
  });

  test('of a number of ours says that it is not WeChat’s', () => {
    const { zh, en } = explain(990404).explanation;
    expect(zh).toMatch(/不是微信的.*模拟微信没有这个接口/);
    expect(en).toMatch(/not of WeChat: the simulated WeChat .* lacks this API/);
    expect(explain(990404)).toMatchObject({
      documented: true,
      class: 'own',
      code: 'not_simulated',
      remedy: 'operator',
    });
    expect(explain(990001)).toMatchObject({ documented: true, class: 'own', code: 'outcome_unknown' });
  });

  test('of an undocumented number says so', () => {
    expect(explain(123456)).toMatchObject({ documented: false, class: 'unknown', code: 'wechat_refused' });
    expect(explain(123456).explanation).toEqual({
      zh: '未公开说明的错误。原样重试不会成功。',
      en: 'An undocumented error. Repeating it as it is will not help.',
    });
  });

  test('in Chinese keeps the name of a parameter as it is', () => {
    expect(explain(61023).explanation.zh).toMatch(/^authorizer_refresh_token/);
  });

  test('of success gives no advice', () => expect(explain(0).explanation).toEqual({ zh: '成功。', en: 'Ok.' }));
});

test('a failure is explained by WeChat’s number, then by our code, then by its remedy', () => {
  expect(explainFailure('ip_not_allowed', 'operator', 61004)).toEqual(explain(61004).explanation);
  expect(explainFailure('outcome_unknown', 'operator', undefined).zh).toContain('重复');
  expect(explainFailure('something_new', 'slow-down', undefined).en).toBe('Too many requests; send them more slowly.');
});
