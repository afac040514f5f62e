import { expect, it } from 'vitest';
import { languageOf } from './language.ts';

it.each([
  [undefined, 'zh'],
  ['', 'zh'],
  ['fr-FR,fr;q=0.9', 'zh'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['en-US,en;q=0.9,zh;q=0.8', 'en'],
  ['fr,zh;q=0.4,en;q=0.5', 'en'],
  ['en;q=0,fr', 'zh'],
  ['EN', 'en'],
])('reads %j as %s', (header, language) => {
  expect(languageOf(header)).toBe(language);
});
