import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { takeFromRate } from './key-rate.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const tries = async (id: string, rate: number, times: number): Promise<(Failure | undefined)[]> =>
  Promise.all(
    Array.from({ length: times }, () =>
      takeFromRate(server.redis, id, rate).then(
        () => undefined,
        (error: Failure) => error,
      ),
    ),
  );

it('an idle key may send one second’s requests at once, and learns when it may send more', async () => {
  const refused = (await tries('k', 5, 20)).filter((failure) => failure !== undefined);
  // Some time may pass between the requests.
  expect(refused.length).toBeGreaterThanOrEqual(11);
  expect(refused.length).toBeLessThanOrEqual(15);
  for (const failure of refused) {
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'rate_limited', remedy: 'slow-down' });
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(200);
  }
});

it('over a longer time exactly the rate is permitted', async () => {
  let passed = 0;
  const startedAt = performance.now();
  let lastAt = startedAt;
  await until('two seconds of asking are over', async () => {
    passed += (await tries('k', 20, 5)).filter((failure) => failure === undefined).length;
    lastAt = performance.now();
    return lastAt - startedAt > 2_000;
  });
  const seconds = (lastAt - startedAt) / 1_000;
  expect(passed).toBeGreaterThanOrEqual(Math.floor(20 * seconds));
  expect(passed).toBeLessThanOrEqual(Math.ceil(20 * (seconds + 1)));
});

it('a key with a rate of one may send one request', async () => {
  const [first, second] = await tries('k', 1, 2);
  expect(first).toBeUndefined();
  expect(second?.retryAfterMs).toBeGreaterThan(900);
});

it('keys do not affect each other, and their records expire', async () => {
  await tries('a', 1, 3);
  expect(await tries('b', 1, 1)).toEqual([undefined]);
  expect(await server.redis.pttl(server.redis.keyspace.keyRate('a'))).toBeGreaterThan(0);
  expect(await server.redis.pttl(server.redis.keyspace.keyRate('a'))).toBeLessThanOrEqual(1_000);
});
