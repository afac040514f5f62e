import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { redisTimeMs } from '../redis/redis-time.ts';
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

/** Of Redis' clock: how much work takes depends on the machine, and what is permitted on this. */
const now = () => redisTimeMs(server.redis, 'any');

it('an idle key may send one second’s requests at once, and learns when it may send more', async () => {
  const startedAt = await now();
  const refused = (await tries('k', 5, 20)).filter((failure) => failure !== undefined);
  const passed = 20 - refused.length;
  expect(passed).toBeGreaterThanOrEqual(5);
  expect(passed).toBeLessThanOrEqual(5 + Math.ceil(((await now()) - startedAt) / 200));
  for (const failure of refused) {
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'rate_limited', remedy: 'slow-down' });
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(200);
  }
});

it('over a longer time exactly the rate is permitted: who waits as long as is demanded may send, and that is not less', async () => {
  const startedAt = await now();
  let passed = 0;
  for (let round = 0; round < 15; ) {
    const [failure] = await tries('k', 20, 1);
    if (failure === undefined) {
      passed++;
      continue;
    }
    round++;
    const mayAt = (await now()) + failure.retryAfterMs!;
    while ((await now()) < mayAt);
    expect(await tries('k', 20, 1)).toEqual([undefined]);
    passed++;
  }
  const seconds = ((await now()) - startedAt) / 1_000;
  expect(passed).toBeGreaterThanOrEqual(20 + 15);
  expect(passed).toBeLessThanOrEqual(Math.ceil(20 * (seconds + 1)));
});

it('a key with a rate of one may send one request a second', async () => {
  const startedAt = await now();
  const [first, second] = await tries('k', 1, 2);
  expect(first).toBeUndefined();
  const elapsed = (await now()) - startedAt;
  // Otherwise a second was over.
  if (second === undefined) expect(elapsed).toBeGreaterThanOrEqual(1_000);
  else expect(second.retryAfterMs).toBeGreaterThanOrEqual(1_000 - elapsed);
});

it('keys do not affect each other, and their records expire', async () => {
  await tries('a', 1, 3);
  expect(await tries('b', 1, 1)).toEqual([undefined]);
  const ttlMs = await server.redis.pttl(server.redis.keyspace.keyRate('a'));
  expect(ttlMs).not.toBe(-1);
  expect(ttlMs).toBeLessThanOrEqual(1_000);
});
