import { expect, it } from 'vitest';
import { parseSearch, stringifySearch } from './search-in-url.ts';

it('filters are plain texts in the URL, and survive it', () => {
  const search = { errcode: '45009', q: '某某 超市', path: '/cgi-bin/user/get' };
  expect(stringifySearch({ ...search, state: undefined, key: '' })).not.toContain('%22');
  expect(parseSearch(stringifySearch(search))).toEqual(search);
  expect(stringifySearch({})).toBe('');
});
