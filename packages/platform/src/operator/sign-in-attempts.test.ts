import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { type SignInAttempt, SignInAttempts } from './sign-in-attempts.ts';

let server: TestRedis;
let attempts: SignInAttempts;
beforeAll(async () => {
  server = await startRedis();
  attempts = new SignInAttempts(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

/** How many of these are permitted, made at the same time by two gateways. */
async function permitted(all: readonly SignInAttempt[]): Promise<number> {
  const other = new SignInAttempts(server.redis);
  const outcomes = await Promise.allSettled(all.map((one, i) => (i % 2 === 0 ? attempts : other).take(one)));
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    expect(outcome.reason).toBeInstanceOf(Failure);
    expect(outcome.reason).toMatchObject({ code: 'too_many_guesses', remedy: 'slow-down' });
    expect((outcome.reason as Failure).retryAfterMs).toBeGreaterThan(0);
    expect((outcome.reason as Failure).retryAfterMs).toBeLessThanOrEqual(600_000);
  }
  return outcomes.filter(({ status }) => status === 'fulfilled').length;
}

const times = (count: number, attempt: (i: number) => SignInAttempt) =>
  Array.from({ length: count }, (_, i) => attempt(i));

it('one address has ten attempts, whatever names it gives, on all gateways together', async () => {
  expect(await permitted(times(30, (i) => ({ address: '192.0.2.1', name: `name ${i}` })))).toBe(10);
  expect(await permitted([{ address: '192.0.2.2', name: 'name 1' }])).toBe(1);
});

it('one name has twenty attempts, from whatever addresses', async () => {
  expect(await permitted(times(40, (i) => ({ address: `192.0.2.${i}`, name: 'admin' })))).toBe(20);
  expect(await permitted([{ address: '198.51.100.1', name: 'root' }])).toBe(1);
  expect(await permitted([{ address: '198.51.100.2' }])).toBe(1);
});

it('a success is not counted, and does not reset the failures before it', async () => {
  const attempt = { address: '192.0.2.1', name: 'admin' };
  await permitted(times(9, () => attempt));
  for (let i = 0; i < 5; i++) {
    await attempts.take(attempt);
    await attempts.giveBack(attempt);
  }
  expect(await permitted(times(3, () => attempt))).toBe(1);
});

it('counts for ten minutes, and gives back nothing that has expired', async () => {
  const attempt = { address: '192.0.2.1' };
  await permitted(times(12, () => attempt));
  const [key] = await server.redis.keys('*');
  expect(await server.redis.pttl(key!)).toBeGreaterThan(300_000);
  await server.redis.del(key!);
  await attempts.giveBack(attempt);
  expect(await server.redis.exists(key!)).toBe(0);
  expect(await permitted(times(12, () => attempt))).toBe(10);
});

it('Redis learns neither addresses nor names', async () => {
  await attempts.take({ address: '192.0.2.77', name: 'a password in the wrong field' });
  const keys = (await server.redis.keys('*')).join();
  expect(keys).toMatch(/^wx:\{sign-in:[\w-]+\},wx:\{sign-in:[\w-]+\}$/);
  expect(keys).not.toMatch(/192|password/);
});
