import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { takeOfRate } from './key-rate.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const tries = async (id: string, rate: number, times: number): Promise<(Failure | undefined)[]> =>
  Promise.all(
    Array.from({ length: times }, () =>
      takeOfRate(server.redis, id, rate).then(
        () => undefined,
        (error: Failure) => error,
      ),
    ),
  );

it('lets a quiet key ask for one second’s worth at once, and says when there is more', async () => {
  const refused = (await tries('k', 5, 20)).filter((failure) => failure !== undefined);
  // Some time may pass meanwhile.
  expect(refused.length).toBeGreaterThanOrEqual(11);
  expect(refused.length).toBeLessThanOrEqual(15);
  for (const failure of refused) {
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'rate_limited', remedy: 'slow-down' });
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(200);
  }
});

it('lets exactly the rate pass in the long run', async () => {
  let passed = 0;
  const begunAt = performance.now();
  let lastAt = begunAt;
  await until('two seconds of asking are over', async () => {
    passed += (await tries('k', 20, 5)).filter((failure) => failure === undefined).length;
    lastAt = performance.now();
    return lastAt - begunAt > 2_000;
  });
  const seconds = (lastAt - begunAt) / 1_000;
  expect(passed).toBeGreaterThanOrEqual(Math.floor(20 * seconds));
  expect(passed).toBeLessThanOrEqual(Math.ceil(20 * (seconds + 1)));
});

it('a key of one a second may ask once', async () => {
  const [first, second] = await tries('k', 1, 2);
  expect(first).toBeUndefined();
  expect(second?.retryAfterMs).toBeGreaterThan(900);
});

it('keys have nothing to do with one another, and leave nothing behind', async () => {
  await tries('a', 1, 3);
  expect(await tries('b', 1, 1)).toEqual([undefined]);
  expect(await server.redis.pttl(server.redis.keyspace.keyRate('a'))).toBeGreaterThan(0);
  expect(await server.redis.pttl(server.redis.keyspace.keyRate('a'))).toBeLessThanOrEqual(1_000);
});
