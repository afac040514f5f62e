import { expect, it } from 'vitest';
import { BoundedCache } from './bounded-cache.ts';

function filled(...keys: string[]): BoundedCache<string, number> {
  const cache = new BoundedCache<string, number>(3);
  for (const [i, key] of keys.entries()) cache.set(key, i);
  return cache;
}

it('evicts the entry that was set longest ago, and only that one', () => {
  expect([...filled('a', 'b', 'c', 'd')]).toEqual([
    ['b', 1],
    ['c', 2],
    ['d', 3],
  ]);
});

it('counts an entry that is set again as new, and evicts none for it', () => {
  const cache = filled('a', 'b', 'c', 'a');
  expect([...cache.keys()]).toEqual(['b', 'c', 'a']);
  expect([...cache.set('d', 9).keys()]).toEqual(['c', 'a', 'd']);
});

it('does not count reading as setting', () => {
  const cache = filled('a', 'b', 'c');
  expect(cache.get('a')).toBe(0);
  expect(cache.set('d', 9).has('a')).toBe(false);
});

it('has space again where an entry was deleted', () => {
  const cache = filled('a', 'b', 'c');
  cache.delete('b');
  expect([...cache.set('d', 9).keys()]).toEqual(['a', 'c', 'd']);
});
