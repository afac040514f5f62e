import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { adoptRedis } from './adopt-redis.ts';
import { Deployment } from './deployment.ts';
import { deploymentId } from './deployment-id.ts';
import { announceProcess, forgetProcess, type LiveProcess, liveProcesses } from './live-processes.ts';

let server: TestRedis;
let database: TestDatabase;
let other: TestDatabase;
beforeAll(async () => {
  [server, database, other] = await Promise.all([startRedis(), startDatabase(), startDatabase()]);
});
afterAll(() => Promise.all([server.stop(), database.stop(), other.stop()]));
beforeEach(() => server.redis.flushall());

const [key, newKey, foreignKey] = [randomBytes(32), randomBytes(32), randomBytes(32)];

function deployment(sql = database.sql, keys: readonly Buffer[] = [key]): Deployment {
  return new Deployment(server.redis, sql, keys);
}

/** A database that does not answer. */
const away = {
  selectFrom() {
    throw new Error('away');
  },
} as unknown as TestDatabase['sql'];

describe.each(databases)('the id of a deployment, on %s', (kind) => {
  it('is random, lasting, and one for all that ask for the first time at once', async () => {
    const [one, two] = await Promise.all([startDatabase(kind), startDatabase(kind)]);
    try {
      const ids = await Promise.all(Array.from({ length: 8 }, () => deploymentId(one.sql)));
      expect(new Set(ids).size).toBe(1);
      expect(await deploymentId(one.sql)).toBe(ids[0]);
      expect(await deploymentId(two.sql)).not.toBe(ids[0]);
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
  });
});

describe('the mark of a deployment in Redis', () => {
  it('is written by the first process that starts, into a Redis that older versions have used, too', async () => {
    await server.redis.set('wx:{wxc:wxc}:ready', '1');
    await deployment().claim();
    expect(await server.redis.hget('wx:deployment', 'id')).toBe(await deploymentId(database.sql));
    await deployment().claim();
  });

  it('belongs to one of two deployments that start at once; the other is refused', async () => {
    const claims = [database, other].flatMap(({ sql }) => [deployment(sql).claim(), deployment(sql).claim()]);
    const outcomes = await Promise.allSettled(claims);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(outcomes[0]!.status).toBe(outcomes[1]!.status);
    expect(outcomes[2]!.status).toBe(outcomes[3]!.status);
  });

  it('refuses another database with the same key, and names the identity and the ways out', async () => {
    await deployment().claim();
    await expect(deployment(other.sql).claim()).rejects.toMatchObject({
      code: 'foreign_redis',
      remedy: 'operator',
      message: expect.stringMatching(/identity.*whatever SECRETS_KEY is.*REDIS_PREFIX.*adopt-redis/),
    });
  });

  it('refuses a process without any key of the deployment, and names the key', async () => {
    await deployment().claim();
    const refused = { code: 'foreign_redis', message: expect.stringMatching(/^No key in SECRETS_KEY/) };
    await expect(deployment(database.sql, [foreignKey]).claim()).rejects.toMatchObject(refused);
    await deployment(database.sql, [foreignKey, key]).claim();
  });

  it('is compared by the key alone while SQL is unavailable', async () => {
    await deployment().claim();
    expect(await deployment(away).check()).toBeUndefined();
    expect(await deployment(away, [foreignKey]).check()).toMatchObject({ code: 'foreign_redis' });
    await server.redis.flushall();
    expect(await deployment(away).check()).toBeUndefined();
    expect(await server.redis.exists('wx:deployment')).toBe(0);
  });

  it('is given to an emptied Redis again by a process that runs, and another deployment’s is noticed', async () => {
    const running = deployment();
    await running.claim();
    await server.redis.flushall();
    expect(await running.check()).toBeUndefined();
    expect(await server.redis.hget('wx:deployment', 'id')).toBe(await deploymentId(database.sql));

    await server.redis.flushall();
    await deployment(other.sql).claim();
    expect(await running.check()).toMatchObject({ code: 'foreign_redis' });
    expect(await server.redis.hget('wx:deployment', 'id')).toBe(await deploymentId(other.sql));
  });

  it('carries the new key from the beginning of a rotation, and the old one until nothing is under it', async () => {
    await deployment().claim();
    const rotating = deployment(database.sql, [newKey, key]);
    await rotating.claim();
    await expect(deployment(database.sql, [newKey]).claim()).rejects.toThrow('SECRETS_KEY');
    await rotating.mark.addFirstKey(await rotating.id());
    await deployment(database.sql, [newKey]).claim();
    await deployment().claim();
    await rotating.mark.removeOlderKeys();
    await deployment(database.sql, [newKey]).claim();
    await expect(deployment().claim()).rejects.toThrow('SECRETS_KEY');
  });

  it('never shows the id’s key, and differs between prefixes on one Redis', async () => {
    await deployment().claim();
    const second = server.connect('second');
    try {
      await new Deployment(second, other.sql, [foreignKey]).claim();
    } finally {
      second.disconnect();
    }
    expect((await server.redis.keys('*')).toSorted()).toEqual(['second:deployment', 'wx:deployment']);
    const stored = JSON.stringify(await server.redis.hgetall('wx:deployment'));
    for (const text of [key.toString('hex'), key.toString('base64')]) expect(stored).not.toContain(text);
  });
});

const process = (id: string): LiveProcess => ({
  id,
  roles: ['gateway', 'worker'],
  version: '0.1.0',
  format: 1,
  schemaVersion: 6,
  startedAt: 1_700_000_000_000,
});

describe('adopting a Redis', () => {
  const settings = (secretsKeys = [key]) => ({
    redisUrl: server.url,
    redisPrefix: 'wx',
    databaseUrl: other.url,
    secretsKeys,
  });
  const only = { confirmed: true, discard: false };

  it('reports first, then makes it the new database’s own, with what is in it', async () => {
    await deployment().claim();
    await server.redis.set('wx:{wxc:wxc}:ready', '1');
    expect(await adoptRedis(settings(), { confirmed: false, discard: false })).toEqual({
      wasOurs: false,
      keys: 2,
      keyVerified: true,
      done: 'nothing',
    });
    await expect(deployment(other.sql).claim()).rejects.toThrow('identity');
    expect(await adoptRedis(settings(), only)).toMatchObject({ done: 'adopted' });
    await deployment(other.sql).claim();
    expect(await server.redis.exists('wx:{wxc:wxc}:ready')).toBe(1);
    expect(await adoptRedis(settings(), only)).toMatchObject({ wasOurs: true, done: 'nothing' });
  });

  it('is refused while processes live there', async () => {
    await deployment().claim();
    await announceProcess(server.redis, process('p'));
    await expect(adoptRedis(settings(), only)).rejects.toMatchObject({ code: 'processes_alive' });
  });

  it('discards what no key opens, under its own prefix only', async () => {
    await deployment().claim();
    await server.redis.mset('wx:{wxc:wxc}:ready', '1', '{wx:calls}:calls:id', '7', 'wxother:{a:a}:ready', '1');
    await expect(adoptRedis(settings([foreignKey]), only)).rejects.toMatchObject({ code: 'unverified_key' });
    const report = await adoptRedis(settings([foreignKey]), { confirmed: true, discard: true });
    expect(report).toMatchObject({ keys: 3, done: 'discarded-and-adopted' });
    expect((await server.redis.keys('*')).toSorted()).toEqual(['wx:deployment', 'wxother:{a:a}:ready']);
    await deployment(other.sql, [foreignKey]).claim();
  });
});

describe('live processes', () => {
  it('are those that have announced themselves lately, as they described themselves', async () => {
    await announceProcess(server.redis, process('a'));
    await announceProcess(server.redis, process('b'));
    expect((await liveProcesses(server.redis)).map(({ id }) => id).toSorted()).toEqual(['a', 'b']);
    expect(await liveProcesses(server.redis)).toContainEqual(expect.objectContaining(process('a')));
    await forgetProcess(server.redis, 'a');
    expect((await liveProcesses(server.redis)).map(({ id }) => id)).toEqual(['b']);
  });

  it('do not include one that has been silent for three heartbeats; a later heartbeat of another process removes its entry', async () => {
    const seconds = (ago: number) => JSON.stringify({ ...process('silent'), seenAt: Date.now() - ago * 1_000 });
    await server.redis.hset('wx:processes', 'silent', seconds(20));
    expect(await liveProcesses(server.redis)).toEqual([]);
    await server.redis.hset('wx:processes', 'silent', seconds(3_600));
    await announceProcess(server.redis, process('b'));
    expect(await server.redis.hkeys('wx:processes')).toEqual(['b']);
  });
});
