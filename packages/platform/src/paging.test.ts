import { expect, it } from 'vitest';
import { pageOf, readCursor, writeCursor } from './paging.ts';

const cursorOf = (item: string) => writeCursor(item);

it('has a next page where one more was found than fits', () => {
  expect(pageOf(['a', 'b', 'c'], 2, cursorOf)).toEqual({ items: ['a', 'b'], next: cursorOf('b') });
  expect(pageOf(['a', 'b'], 2, cursorOf)).toEqual({ items: ['a', 'b'], next: null });
  expect(pageOf([], 2, cursorOf)).toEqual({ items: [], next: null });
});

it('reads the parts that were written', () => {
  expect(readCursor(writeCursor(17, 'abc'), /^(\d+) ([a-c]+)$/)).toEqual(['17', 'abc']);
  expect(readCursor(writeCursor('openid-1'), /[\x21-\x7e]+/)).toEqual([]);
});

it.each([
  ['empty', ''],
  ['not base64', '%%%'],
  ['of another list', writeCursor('abc')],
  ['longer than the pattern', writeCursor(17, 'abc', 'd')],
])('refuses a cursor that is %s', (_, cursor) => {
  expect(() => readCursor(cursor, /(\d+) ([a-c]+)/)).toThrow(
    expect.objectContaining({ code: 'invalid_request', remedy: 'fix-request' }),
  );
});
