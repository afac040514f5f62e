import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { DueSet } from './due-set.ts';

let server: TestRedis;
let dueSet: DueSet;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  dueSet = new DueSet(server.redis);
});

it('moves what is claimed ahead, so that nobody claims it again and a claimer that dies loses nothing', async () => {
  await dueSet.schedule('wxc', 'due', -1);
  await dueSet.schedule('wxc', 'later', 60_000);
  expect(await dueSet.claim('wxc', 10)).toEqual(['due']);
  expect(await dueSet.claim('wxc', 10)).toEqual([]);
  expect(await server.redis.zcard(server.redis.keyspace.due('wxc'))).toBe(2);
});

it('restores who is in use after Redis was emptied, also whom this process marked a moment ago', async () => {
  await dueSet.markUsed('wxc', 'wxa');
  await server.redis.flushall();
  expect(await dueSet.restoreOnce('wxc', () => dueSet.restore('wxc', 'wxa', -1))).toBe(true);
  expect(await dueSet.claim('wxc', 10)).toEqual(['wxa']);
  expect(await dueSet.inUse('wxc', 'wxa')).toBe(true);
  expect(await dueSet.restoreOnce('wxc', () => Promise.reject(new Error('once only')))).toBe(false);
});

it('keeps the time of whoever was scheduled since', async () => {
  await dueSet.schedule('wxc', 'wxa', 60_000);
  await dueSet.restore('wxc', 'wxa', 0);
  expect(await dueSet.claim('wxc', 10)).toEqual([]);
});

it('fills again where a fill failed', async () => {
  await expect(dueSet.restoreOnce('wxc', () => Promise.reject(new Error('cut')))).rejects.toThrow('cut');
  expect(await dueSet.restoreOnce('wxc', () => Promise.resolve())).toBe(true);
});
