import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { DueSet } from './due-set.ts';

const CLAIM_MS = 60_000;

let server: TestRedis;
let due: DueSet;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  due = new DueSet(server.redis, 'due', CLAIM_MS);
});

it('a claim returns the earliest due members, and moves them ahead instead of removing them', async () => {
  await due.schedule('second', -1_000);
  await due.schedule('first', -2_000);
  await due.schedule('third', -1);
  await due.schedule('later', CLAIM_MS);
  const [seconds] = await server.redis.time();
  expect(await due.claim(2)).toEqual(['first', 'second']);
  expect(await due.claim(10)).toEqual(['third']);
  expect(await due.claim(10)).toEqual([]);
  expect(await server.redis.zcard('due')).toBe(4);
  expect(Number(await server.redis.zscore('due', 'first'))).toBeGreaterThanOrEqual(Number(seconds) * 1_000 + CLAIM_MS);
});

it('schedule moves a member, scheduleNew does not', async () => {
  await due.schedule('moved', CLAIM_MS);
  await due.schedule('scheduled', CLAIM_MS);
  await due.schedule('moved', -1);
  await due.scheduleNew([
    ['scheduled', -1],
    ['new', -1],
  ]);
  expect((await due.claim(10)).sort()).toEqual(['moved', 'new']);
});

it('a removed member is not due', async () => {
  await due.schedule('removed', -1);
  await due.remove('removed');
  expect(await due.claim(10)).toEqual([]);
});
