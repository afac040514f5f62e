import { beforeEach, expect, it } from 'vitest';
import { databaseUnreachable } from './database-gate.ts';
import { OutageCache } from './outage-cache.ts';

const TTL_MS = 1_000;
const unreachable = () => databaseUnreachable('It does not answer.');

let now: number;
let outage: { isOut: boolean; answers: boolean; check(): Promise<boolean> };
let cache: OutageCache<string>;
let reads: number;
beforeEach(() => {
  now = 0;
  reads = 0;
  outage = { isOut: false, answers: true, check: async () => outage.answers };
  cache = new OutageCache({ max: 10, ttlMs: TTL_MS, outage, now: () => now });
});

/** By default every value may be used again. */
const get = (read: () => Promise<string>, isKept: (value: string) => boolean = () => true) =>
  cache.get(
    'key',
    () => {
      reads++;
      return read();
    },
    isKept,
  );
const value = (text: string) => () => Promise.resolve(text);
const failing = () => Promise.reject(unreachable());
const hanging = () => new Promise<never>(() => {});

it('an entry is read again after its TTL, and once for requests at the same time', async () => {
  expect(await Promise.all([get(value('a')), get(value('b'))])).toEqual(['a', 'a']);
  now = TTL_MS - 1;
  expect(await get(value('c'))).toBe('a');
  now = TTL_MS;
  expect(await get(value('d'))).toBe('d');
  expect(reads).toBe(2);
});

it('an older entry is used while the database is unreachable, without a read once that is known', async () => {
  await get(value('a'));
  now = TTL_MS;
  expect(await get(failing)).toBe('a');
  expect(reads).toBe(2);
  outage.isOut = true;
  now = 60 * 60_000;
  expect(await get(hanging)).toBe('a');
  expect(reads).toBe(2);
  outage.isOut = false;
  expect(await get(value('b'))).toBe('b');
});

it('an older entry is not used if the read fails for another reason', async () => {
  await get(value('a'));
  now = TTL_MS;
  await expect(get(() => Promise.reject(new Error('no such column')))).rejects.toThrow('no such column');
});

it('a read that hangs counts only if the database does not answer either', async () => {
  await get(value('a'));
  now = TTL_MS;
  outage.answers = false;
  expect(await get(hanging)).toBe('a');
  // Slow, and not an outage: its result is awaited.
  outage.answers = true;
  now += TTL_MS;
  const slow = Promise.withResolvers<string>();
  outage.check = async () => {
    slow.resolve('b');
    return true;
  };
  expect(await get(() => slow.promise)).toBe('b');
});

it('without an entry the request is refused as unavailable, to be repeated in five seconds', async () => {
  const refused = { code: 'unavailable', remedy: 'retry', retryAfterMs: 5_000 };
  await expect(get(failing)).rejects.toMatchObject(refused);
  outage.isOut = true;
  await expect(get(failing)).rejects.toMatchObject(refused);
});

it('a deleted entry is not used, also if it was deleted during the read, and a read from before does not bring it back', async () => {
  await get(value('a'));
  cache.delete('key');
  await expect(get(failing)).rejects.toMatchObject({ code: 'unavailable' });

  await get(value('a'));
  now += TTL_MS;
  const failed = Promise.withResolvers<string>();
  const during = get(() => failed.promise);
  cache.delete('key');
  failed.reject(unreachable());
  await expect(during).rejects.toMatchObject({ code: 'unavailable' });

  const late = Promise.withResolvers<string>();
  const reading = get(() => late.promise);
  cache.delete('key');
  late.resolve('of before the deletion');
  expect(await reading).toBe('of before the deletion');
  expect(await get(value('b'))).toBe('b');
});

it('a value that must not be used again replaces the entry by none', async () => {
  await get(value('active'));
  now = TTL_MS;
  expect(await get(value('revoked'), () => false)).toBe('revoked');
  await expect(get(failing)).rejects.toMatchObject({ code: 'unavailable' });
});
