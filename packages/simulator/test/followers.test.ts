import { expect, test } from 'vitest';
import { Followers } from '../src/followers.ts';

test('every openid is unique, has 28 characters, and leads to its place', () => {
  const followers = new Followers('wxacc', 7, 20_000);
  const all = followers.from(0, 30_000);
  expect(all).toHaveLength(20_000);
  expect(new Set(all).size).toBe(20_000);
  expect(all.every((openid) => /^o[\w-]{27}$/.test(openid))).toBe(true);
  expect(all.every((openid, place) => followers.placeOf(openid) === place)).toBe(true);
});

test('a million followers cost nothing until they are listed', () => {
  const followers = new Followers('wxacc', 7, 1_000_000);
  expect(followers.total).toBe(1_000_000);
  const [last] = followers.from(999_999, 10);
  expect(followers.placeOf(last!)).toBe(999_999);
});

test('the same account and seed have the same followers, another account or seed has others', () => {
  const openids = (account: string, seed: number) => new Followers(account, seed, 5).from(0, 5);
  expect(openids('wxa', 1)).toEqual(openids('wxa', 1));
  expect(openids('wxa', 1)).not.toEqual(openids('wxb', 1));
  expect(openids('wxa', 1)).not.toEqual(openids('wxa', 2));
  expect(new Followers('wxb', 1, 5).placeOf(openids('wxa', 1)[0]!)).toBeNull();
});

test('followers subscribe and unsubscribe without moving the others', () => {
  const followers = new Followers('wxacc', 1, 3);
  const [first, second, third] = followers.from(0, 3) as [string, string, string];
  followers.unsubscribe(second);
  followers.subscribe('oNewcomer');
  expect(followers.from(0, 9)).toEqual([first, third, 'oNewcomer']);
  expect(followers.total).toBe(3);
  expect(followers.placeOf(second)).toBe(1);
  followers.unsubscribe('oNewcomer');
  followers.subscribe(second);
  expect(followers.from(0, 9)).toEqual([first, second, third]);
});

test('a foreign openid is listed and marked as foreign', () => {
  const followers = new Followers('wxacc', 1, 2);
  followers.disown('oForeign');
  expect(followers.from(0, 9).at(-1)).toBe('oForeign');
  expect(followers.isForeign('oForeign')).toBe(true);
  expect(followers.isForeign(followers.openidAt(0))).toBe(false);
});
