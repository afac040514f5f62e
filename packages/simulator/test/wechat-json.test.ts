import { expect, test } from 'vitest';
import { writeWechatJson } from '../src/wechat-json.ts';

test('slashes are escaped and 64-bit numbers are unquoted', () => {
  expect(writeWechatJson({ url: 'http://a/b', msgid: 22876340532172986n, none: undefined }, false)).toBe(
    '{"url":"http:\\/\\/a\\/b","msgid":22876340532172986}',
  );
});

test('control characters are raw if requested, quotes and backslashes never', () => {
  expect(writeWechatJson('a\u0007"\\', true)).toBe('"a\u0007\\"\\\\"');
  expect(JSON.parse(writeWechatJson('a\u0007"\\\n', false))).toBe('a\u0007"\\\n');
});
