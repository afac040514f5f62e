import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Deployment } from './deployment.ts';
import { RedisAge } from './redis-age.ts';

const key = Buffer.alloc(32, 1);
const HOUR_MS = 60 * 60_000;

describe.each(databases)('the age of Redis, with %s', (kind) => {
  let server: TestRedis;
  let database: TestDatabase;
  let age: RedisAge;
  beforeAll(async () => {
    [server, database] = await Promise.all([startRedis(), startDatabase(kind)]);
    age = new RedisAge(server.redis, database.sql);
  });
  afterAll(() => Promise.all([server?.stop(), database?.stop()]));
  beforeEach(async () => {
    await server.redis.flushall();
    await database.sql.updateTable('deployment').set({ redis_time: null }).execute();
    await new Deployment(server.redis, database.sql, [key]).claim();
  });

  const inRedis = async () => Number(await server.redis.hget('wx:deployment', 'time'));
  const inSql = async () =>
    Number((await database.sql.selectFrom('deployment').select('redis_time').executeTakeFirst())?.redis_time);
  /** As if so much time had passed since it was noted in both. */
  const setBack = async (ms: number) => {
    const time = (await inRedis()) - ms;
    await server.redis.hset('wx:deployment', 'time', time);
    await database.sql.updateTable('deployment').set({ redis_time: time }).execute();
    return time;
  };

  it('is noted in both, once a minute, by one of several processes', async () => {
    expect(await Promise.all([age.check(), age.check(), age.check()])).toEqual([undefined, undefined, undefined]);
    const first = await inRedis();
    expect(first).toBeGreaterThan(0);
    expect(await inSql()).toBe(first);
    await age.check();
    expect(await inRedis()).toBe(first);
    await setBack(61_000);
    await age.check();
    expect(await inRedis()).toBeGreaterThanOrEqual(first);
    expect(await inSql()).toBe(await inRedis());
  });

  it('an older state is recognized, and stays recognized until its calls are discarded', async () => {
    await age.check();
    const restored = await server.redis.hgetall('wx:deployment');
    await server.redis.hset('wx:deployment', 'time', Number(restored.time) - HOUR_MS);
    expect(await age.check()).toBe(HOUR_MS);
    expect(await age.check()).toBe(HOUR_MS);
    await age.renew();
    expect(await age.check()).toBeUndefined();
    expect(await inSql()).toBe(await inRedis());
  });

  it('an emptied Redis, a deployment that was stopped, an older database and a lost minute are not', async () => {
    await age.check();
    await server.redis.flushall();
    expect(await age.check()).toBeUndefined();
    await new Deployment(server.redis, database.sql, [key]).claim();
    expect(await age.check()).toBeUndefined();
    expect(await inRedis()).toBeGreaterThan(0);

    await setBack(48 * HOUR_MS);
    expect(await age.check()).toBeUndefined();

    await database.sql
      .updateTable('deployment')
      .set({ redis_time: (await inRedis()) - HOUR_MS })
      .execute();
    await server.redis.hincrby('wx:deployment', 'time', -61_000);
    expect(await age.check()).toBeUndefined();

    await server.redis.hincrby('wx:deployment', 'time', -119_000);
    expect(await age.check()).toBeUndefined();
  });

  it('is not lost when older keys are removed', async () => {
    await age.check();
    await new Deployment(server.redis, database.sql, [Buffer.alloc(32, 2), key]).mark.removeOlderKeys();
    expect(await inRedis()).toBeGreaterThan(0);
  });
});
