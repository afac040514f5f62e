import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { type UserTokenOwner, UserTokens } from './user-tokens.ts';

const [first, second] = [randomBytes(32), randomBytes(32)];
const owner: UserTokenOwner = { component: 'wxc', appid: 'wxa', keyFingerprint: '0123456789abcdef' };
const other: UserTokenOwner = { ...owner, appid: 'wxb', keyFingerprint: 'fedcba9876543210' };
const issued = (token: string, lifeMs = 7_200_000) => ({ token, lifeMs });

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const node = (...keys: Buffer[]) => new UserTokens(server.redis, keys);

it('another process knows for which account and key a token was issued', async () => {
  await node(first).remember(issued('86_one'), owner);
  await node(first).remember(issued('86_two'), other);
  expect(await node(first).find('86_one')).toEqual(owner);
  expect(await node(first).find('86_two')).toEqual(other);
});

it('a token that did not pass is unknown, whatever it is', async () => {
  await node(first).remember(issued('86_one'), owner);
  for (const token of ['86_on', '86_one ', '86_ONE', '', '*', 'x'.repeat(100_000)]) {
    expect(await node(first).find(token)).toBeUndefined();
  }
});

it('it is forgotten when it expires, and with the whole of Redis', async () => {
  await node(first).remember(issued('86_short', 20), owner);
  await until('it has expired', async () => (await node(first).find('86_short')) === undefined);
  await node(first).remember(issued('86_one'), owner);
  const [key] = await server.redis.keys('*');
  const ttlMs = await server.redis.pttl(key!);
  expect(ttlMs).toBeGreaterThan(0);
  expect(ttlMs).toBeLessThanOrEqual(7_200_000);
  await server.redis.flushall();
  expect(await node(first).find('86_one')).toBeUndefined();
});

it('after a refresh the token belongs to the key of the refresh, for its new life', async () => {
  await node(first).remember(issued('86_one', 60_000), owner);
  await node(first).remember(issued('86_one'), { ...owner, keyFingerprint: 'another' });
  expect(await node(first).find('86_one')).toEqual({ ...owner, keyFingerprint: 'another' });
  const [key, ...others] = await server.redis.keys('*');
  expect(others).toEqual([]);
  expect(await server.redis.pttl(key!)).toBeGreaterThan(60_000);
});

it('while SECRETS_KEY changes, each process finds what the others remember', async () => {
  await node(first).remember(issued('86_before'), owner);
  await node(second, first).remember(issued('86_during'), owner);
  await node(second).remember(issued('86_after'), owner);
  expect(await node(second, first).find('86_before')).toEqual(owner);
  expect(await node(first).find('86_during')).toEqual(owner);
  expect(await node(second).find('86_during')).toEqual(owner);
  expect(await node(second, first).find('86_after')).toEqual(owner);
  // Under no common key it stays unknown.
  expect(await node(second).find('86_before')).toBeUndefined();
});

it('Redis has neither the token nor a hash that can be computed without SECRETS_KEY', async () => {
  await node(first).remember(issued('86_a-secret-token'), owner);
  const [key] = await server.redis.keys('*');
  expect(key).toMatch(/^wx:\{user-token:[\w-]{43}\}$/);
  expect(await server.redis.get(key!)).not.toContain('86_a');
  await server.redis.flushall();
  await node(second).remember(issued('86_a-secret-token'), owner);
  expect(await server.redis.keys('*')).not.toEqual([key]);
});
