import { expect, it } from 'vitest';
import { newKeyText, readKeyText } from './key-text.ts';

it('the text of a key contains its id, and has the stored hash', () => {
  const { id, text, hash } = newKeyText();
  expect(text).toMatch(/^wxk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
  expect(readKeyText(text)).toEqual({ id, hash });
  expect(newKeyText().text).not.toBe(text);
});

it('another secret under the same id has another hash', () => {
  const { id, text, hash } = newKeyText();
  const other = newKeyText().text.slice(21);
  const read = readKeyText(`${text.slice(0, 21)}${other}`);
  expect(read?.id).toBe(id);
  expect(read?.hash.equals(hash)).toBe(false);
});

it.each(['', 'wxk_', 'key-1', `wxk_0123456789abcdef_${'a'.repeat(42)}`, `WXK_0123456789abcdef_${'a'.repeat(43)}`])(
  '%j is no key of ours',
  (text) => {
    expect(readKeyText(text)).toBeUndefined();
  },
);
