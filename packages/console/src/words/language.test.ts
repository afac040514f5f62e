import { expect, it } from 'vitest';
import { initialLanguage } from './language.ts';

it.each([
  [null, 'zh-CN', 'zh'],
  [null, 'en-GB', 'en'],
  [null, 'de', 'zh'],
  ['en', 'zh-CN', 'en'],
  ['zh', 'en-US', 'zh'],
  ['klingon', 'en-US', 'en'],
] as const)('the stored language %s and the browser’s %s give %s', (stored, browser, language) => {
  expect(initialLanguage(stored, browser)).toBe(language);
});
