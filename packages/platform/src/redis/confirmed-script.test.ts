import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startReplica, type TestReplica } from '../../test/redis-replica.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { ConfirmedScript } from './confirmed-script.ts';
import type { RedisClient } from './connect.ts';
import { defineScript } from './script.ts';

const append = defineScript({
  keys: ['list'],
  args: ['text'],
  lua: `return redis.call('RPUSH', list, text)`,
  decode: (length: number) => length,
});

let primary: TestRedis;
let redis: RedisClient;
beforeAll(async () => {
  primary = await startRedis();
  redis = primary.connect();
  redis.on('error', () => {});
});
afterAll(async () => {
  redis.disconnect();
  await primary.stop();
});
beforeEach(async () => {
  await primary.redis.flushall();
  await primary.redis.config('RESETSTAT');
});

/** How often this server has executed WAIT since the test began. */
async function waits(): Promise<number> {
  const stats = await primary.redis.info('commandstats');
  return Number(/^cmdstat_wait:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
}

describe('a script on a Redis without replicas', () => {
  it('waits for none, and says so', async () => {
    const confirmed = new ConfirmedScript(redis, append);
    const answers = await Promise.all(['a', 'b'].map((text) => confirmed.run({ list: 'l' }, { text })));
    expect(answers).toEqual([
      { answer: 1, isConfirmed: undefined },
      { answer: 2, isConfirmed: undefined },
    ]);
    expect(await waits()).toBe(0);
    confirmed.close();
  });
});

describe('a script on a Redis with a replica', () => {
  let replica: TestReplica;
  let confirmed: ConfirmedScript<['list'], ['text'], number>;
  /** On a busy machine even a live replica may need longer than a process waits. */
  let unhurried: typeof confirmed;
  beforeAll(async () => {
    replica = await startReplica(primary);
  });
  afterAll(() => replica.stop());
  beforeEach(() => {
    confirmed = new ConfirmedScript(redis, append);
    unhurried = new ConfirmedScript(redis, append, { timeoutMs: 60_000 });
    return () => {
      confirmed.close();
      unhurried.close();
    };
  });

  it('is confirmed once the replica has what it wrote; runs of one moment share one wait, in their order', async () => {
    const texts = Array.from({ length: 200 }, (_, i) => `t${i}`);
    const answers = await Promise.all(texts.map((text) => unhurried.run({ list: 'l' }, { text })));
    expect(answers.map(({ answer }) => answer)).toEqual(texts.map((_, i) => i + 1));
    expect(answers.every(({ isConfirmed }) => isConfirmed === true)).toBe(true);
    expect(await replica.redis.lrange('l', 0, -1)).toEqual(texts);
    expect(await waits()).toBe(1);
  });

  it('is not confirmed by a replica that does not answer, and has its answer nevertheless', async () => {
    replica.freeze();
    try {
      expect(await confirmed.run({ list: 'l' }, { text: 'a' })).toEqual({ answer: 1, isConfirmed: false });
      const next = ['b', 'c'].map((text) => confirmed.run({ list: 'l' }, { text }));
      expect(await Promise.all(next)).toMatchObject([{ isConfirmed: false }, { isConfirmed: false }]);
    } finally {
      replica.thaw();
    }
    await until('the replica confirms again', async () => {
      return (await confirmed.run({ list: 'l' }, { text: 'd' })).isConfirmed === true;
    });
  });

  it('reports the error of one run to that run only', async () => {
    await primary.redis.set('text', 'no list');
    const [good, bad] = await Promise.allSettled([
      unhurried.run({ list: 'l' }, { text: 'a' }),
      unhurried.run({ list: 'text' }, { text: 'a' }),
    ]);
    expect(good).toMatchObject({ status: 'fulfilled', value: { isConfirmed: true } });
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('WRONGTYPE') } });
  });

  it('does not wait any longer when the replica is gone', async () => {
    const attentive = new ConfirmedScript(redis, append, { replicasIntervalMs: 20 });
    try {
      await replica.redis.replicaof('NO', 'ONE');
      await until('no replica is known', async () => {
        return (await attentive.run({ list: 'l' }, { text: 'a' })).isConfirmed === undefined;
      });
    } finally {
      attentive.close();
      await replica.redis.replicaof('127.0.0.1', new URL(primary.url).port);
    }
  });
});
