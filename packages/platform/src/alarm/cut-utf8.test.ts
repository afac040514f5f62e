import { expect, it } from 'vitest';
import { cutUtf8 } from './cut-utf8.ts';

it.each([
  ['告警', 6, '告警'],
  ['告警', 5, '…'],
  ['告警信息', 9, '告警…'],
  ['告警信息', 10, '告警…'],
  ['告警信息', 11, '告警…'],
  ['ab👨‍👩‍👧c', 8, 'ab…'],
  ['abc', 2, ''],
])('%s in %i bytes is %s', (text, bytes, cut) => {
  expect(cutUtf8(text, bytes)).toBe(cut);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
});
