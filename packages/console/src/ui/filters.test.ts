import { expect, it } from 'vitest';
import { defineFilters } from './filters.ts';

const filters = defineFilters({ q: 'text', state: ['active', 'revoked'] });

it('reads the filters and the page of a URL', () => {
  const search = { q: '超市', state: 'revoked', cursor: 'abc', page: '3' };
  expect(filters.read(search)).toEqual(search);
});

it('ignores what is no value of a filter, and what is no filter', () => {
  expect(filters.read({ q: '', state: 'broken', other: 'x', cursor: 5 })).toEqual({});
});
