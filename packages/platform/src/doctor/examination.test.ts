import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DatabaseKind, databases, emptyDatabase, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { openDatabase } from '../database/open.ts';
import { Deployment } from '../deployment/deployment.ts';
import { announceProcess } from '../deployment/live-processes.ts';
import { examine } from '../open-doctor.ts';
import { openQueues } from '../open-queues.ts';
import { Scope } from '../scope.ts';
import { Seals } from '../sealing/seals.ts';
import { noteEarlyRefusal, readEarlyRefusals } from '../token/early-refusals.ts';
import { HostGate, readRefreshers } from '../token/host-gate.ts';
import type { CheckName } from './check-name.ts';
import type { DoctorSettings } from './doctor-settings.ts';
import { readNonce } from './nonces.ts';
import type { CheckResult } from './run-doctor.ts';

const APPID = 'wx0123456789abcdef';
const SECRETS_KEY = Buffer.alloc(32, 1);
/** No program listens there. */
const CLOSED_PORT = 9;
/** A busy machine may need longer for a check than operators wait. */
const UNHURRIED_MS = 120_000;
const component = { appid: APPID, appsecret: 's', token: 'aToken', encodingAesKey: 'a'.repeat(43) };

let server: TestRedis;
let database: TestDatabase;
beforeAll(async () => {
  [server, database] = await Promise.all([startRedis(), startDatabase()]);
});
beforeEach(async () => {
  await server.redis.flushall();
  await new Deployment(server.redis, database.sql, [SECRETS_KEY]).claim();
});
afterAll(async () => {
  await Promise.all([server.stop(), database.stop()]);
});

function settings(): Omit<DoctorSettings, 'openQueues'> {
  return {
    ...{ redisUrl: server.url, redisPrefix: 'wx', databaseUrl: database.url, secretsKeys: [SECRETS_KEY] },
    ...{ components: [component], componentFaults: [], dataDir: '/', publicUrl: `http://127.0.0.1:${CLOSED_PORT}` },
    wechat: { apiBases: [`http://127.0.0.1:${CLOSED_PORT}`] },
    typed: (command) => `wx ${command}`,
    checkSettings: async () => ({ faults: [], found: 'settings' }),
  };
}

type Changes = Partial<Omit<DoctorSettings, 'openQueues'>>;

/** The results of these checks, by name. */
async function examined(only: readonly CheckName[], changes: Changes = {}): Promise<Record<string, CheckResult>> {
  const results = await examine({ ...settings(), ...changes }, only, UNHURRIED_MS);
  return Object.fromEntries(results.map((result) => [result.name, result]));
}

/** `status`, or the codes of all faults. */
async function verdict(name: CheckName, changes: Changes = {}): Promise<string> {
  const { status, code, also } = (await examined([name], changes))[name]!;
  return code === null ? status : [code, ...also.map((fault) => fault.code)].join(' ');
}

it('with Redis and the database away, settings, secrets, folder, Redis and component are judged nevertheless', async () => {
  const away = {
    redisUrl: `redis://127.0.0.1:${CLOSED_PORT}`,
    databaseUrl: `mysql://u:p@127.0.0.1:${CLOSED_PORT}/d`,
  };
  const results = await examine({ ...settings(), ...away }, undefined, UNHURRIED_MS);
  const statuses = Object.fromEntries(results.map(({ name, status }) => [name, status]));
  expect(statuses).toMatchObject({
    ...{ settings: 'ok', 'secrets-key': 'ok', redis: 'fail', component: 'ok', database: 'fail' },
    ...{ 'redis-settings': 'skipped', 'redis-age': 'skipped', ticket: 'skipped', queues: 'skipped' },
  });
  expect(statuses['data-dir']).not.toBe('skipped');
  expect(results).toHaveLength(18);
  expect(JSON.stringify(results)).not.toContain('u:p@');
});

it('settings that are missing make their checks say so, and no other', async () => {
  const results = await examined(['secrets-key', 'component', 'redis', 'versions'], {
    secretsKeys: [],
    components: [],
  });
  expect(results).toMatchObject({
    ...{ 'secrets-key': { status: 'fail', code: 'no_secrets_key' }, redis: { status: 'ok' } },
    ...{ component: { status: 'ok' }, versions: { status: 'skipped' } },
  });
});

it('a Redis of another deployment, and one under another key, are named; a mark that is missing is no fault', async () => {
  expect(await verdict('redis')).toBe('ok');
  expect(await verdict('redis', { secretsKeys: [Buffer.alloc(32, 2)] })).toBe('foreign_key');
  await server.redis.hset(server.redis.keyspace.deployment, 'id', 'another');
  expect(await examined(['redis', 'component-token', 'redis-age'])).toMatchObject({
    redis: { status: 'fail', code: 'foreign_redis', command: 'wx adopt-redis' },
    // Nothing is written there.
    ...{ 'component-token': { status: 'skipped' }, 'redis-age': { status: 'skipped' } },
  });
  await server.redis.del(server.redis.keyspace.deployment);
  expect(await verdict('redis')).toBe('ok');
  expect(await server.redis.keys('*')).toEqual([]);
});

it('settings of Redis that lose what it has acknowledged are named', async () => {
  expect(await verdict('redis-settings')).toBe('append_only_off');
  await server.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  try {
    expect(await verdict('redis-settings')).toBe('eviction append_only_off');
  } finally {
    await server.redis.config('SET', 'maxmemory-policy', 'noeviction');
  }
});

it('a full Redis is named with its largest groups of keys', async () => {
  await server.redis.set(server.redis.keyspace.pushStream, 'x'.repeat(3_000_000));
  await server.redis.config('SET', 'maxmemory', '1000000');
  try {
    const { 'redis-memory': memory } = await examined(['redis-memory']);
    expect(memory).toMatchObject({ status: 'fail', code: 'memory_full' });
    expect(memory?.cause?.en).toMatch(/stream \d+ %/);
  } finally {
    await server.redis.config('SET', 'maxmemory', '0');
  }
});

it('a Redis that was restored from an old state is named, and nothing is noted', async () => {
  const mark = server.redis.keyspace.deployment;
  await server.redis.hset(mark, 'time', '1000000');
  await database.sql
    .updateTable('deployment')
    .set({ redis_time: 1_000_000 + 60_000 })
    .execute();
  expect(await verdict('redis-age')).toBe('ok');
  await database.sql
    .updateTable('deployment')
    .set({ redis_time: 1_000_000 + 180_000 })
    .execute();
  expect(await verdict('redis-age')).toBe('redis_outdated');
  expect(await server.redis.hget(mark, 'time')).toBe('1000000');
});

it('two component tokens that WeChat refused early point to a second system; one refused twice counts once', async () => {
  await noteEarlyRefusal(server.redis, APPID, 1);
  await noteEarlyRefusal(server.redis, APPID, 1);
  expect(await verdict('second-system')).toBe('ok');
  await noteEarlyRefusal(server.redis, APPID, 2);
  expect(await verdict('second-system')).toBe('second_system');
  const dayAgo = Date.now() - 25 * 60 * 60_000;
  await server.redis.zadd(server.redis.keyspace.earlyRefusals(APPID), 'XX', dayAgo, '1', dayAgo, '2');
  expect(await readEarlyRefusals(server.redis, APPID)).toEqual({ count: 0, lastAgoMs: undefined });
});

it('processes that differ are named: their versions, and an address that WeChat refuses', async () => {
  const process = { id: 'p1', roles: ['worker'], version: '1.0.0', format: 4, schemaVersion: 1, startedAt: 0 } as const;
  await announceProcess(server.redis, process);
  expect(await verdict('versions')).toBe('ok');
  await announceProcess(server.redis, { ...process, id: 'p2', version: '1.1.0' });
  expect(await verdict('versions')).toBe('versions_differ');

  const message = 'access clientip is not registered requestIP: 60.221.*.* rid: 1';
  const [refused, able] = [new HostGate(server.redis), new HostGate(server.redis)];
  refused.close(APPID, new Failure('ip_not_allowed', 'operator', message, { errcode: 61_004 }));
  const beats = [refused.keepBeating([APPID]), able.keepBeating([APPID])];
  try {
    await expect.poll(() => readRefreshers(server.redis, APPID)).toHaveLength(2);
    const { egress } = await examined(['egress']);
    expect(egress?.also).toContainEqual(expect.objectContaining({ code: 'address_refused' }));
    expect(JSON.stringify(egress?.also)).toContain('60.221.*.*');
  } finally {
    await Promise.all(beats.map((beat) => beat.close()));
  }
});

describe('queues', () => {
  it('that no worker serves are named', async () => {
    const { queues } = await examined(['queues']);
    expect(queues).toMatchObject({ status: 'fail', code: 'no_worker', also: [] });
    expect(queues?.cause?.en).toContain('all');
  });

  it('with a job whose worker is gone, and with an old one, are named', async () => {
    await using scope = new Scope();
    const { calls } = openQueues(server.redis, scope);
    const hourAgo = Date.now() - 60 * 60_000;
    const job = await calls.queue.add('calls', { id: 'a' }, { timestamp: hourAgo });
    const lost = await calls.queue.add('calls', { id: 'b' });
    await server.redis.lrem(calls.queue.toKey('wait'), 1, lost.id!);
    await server.redis.lpush(calls.queue.toKey('active'), lost.id!);
    expect(job.timestamp).toBe(hourAgo);
    const { queues } = await examined(['queues']);
    expect([queues, ...(queues?.also ?? [])].map((fault) => fault?.code)).toEqual(['no_worker', 'stalled']);
    expect(queues?.found).toMatch(/oldest 3\d\d\d s/);
  });
});

it('a nonce answers only under its own id', async () => {
  const id = randomBytes(16).toString('hex');
  await server.redis.set(server.redis.keyspace.doctorNonce(id), 'value');
  expect(await readNonce(server.redis, id)).toBe('value');
  expect(await readNonce(server.redis, randomBytes(16).toString('hex'))).toBeUndefined();
  expect(await readNonce(server.redis, '../deployment')).toBeUndefined();
});

describe.each(databases)('on %s', (kind: DatabaseKind) => {
  let own: TestDatabase;
  beforeAll(async () => {
    own = await startDatabase(kind);
  });
  afterAll(() => own.stop());

  it('a migrated database is in order, and one that is empty lacks its migrations', async () => {
    expect(await verdict('database', { databaseUrl: own.url })).not.toMatch(/migrations|collation|program/);
    const empty = await emptyDatabase(kind);
    const opened = openDatabase(empty.url);
    await sql`select 1`.execute(opened);
    await opened.destroy();
    expect(await verdict('database', { databaseUrl: empty.url })).toContain('migrations_pending');
    await empty.remove();
  });

  it('a key that does not open what is stored, and one that seals nothing, are named', async () => {
    const [first, second] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
    await own.sql.deleteFrom('components').execute();
    const noTimes = { ticket_create_time: null, ticket_received_at: null };
    const ticket = new Seals([first]).seal('ticket', 'place');
    await own.sql
      .insertInto('components')
      .values({ appid: APPID, ticket_sealed: ticket, ...noTimes })
      .execute();
    const under = (...secretsKeys: Buffer[]) =>
      verdict('secrets-key', { databaseUrl: own.url, redisUrl: undefined, secretsKeys });
    expect(await under(first)).toBe('ok');
    expect(await under(second, first)).toBe('ok');
    expect(await under(first, second)).toBe('unused_key');
    expect(await under(second)).toBe('unsealable');
  });

  it.runIf(kind === 'MariaDB')('a column that does not compare byte by byte is named', async () => {
    await sql`alter table subscriptions modify name varchar(200) character set utf8mb4 collate utf8mb4_general_ci not null`.execute(
      own.sql,
    );
    expect(await verdict('database', { databaseUrl: own.url })).toContain('collation');
  });

  it('a database of a newer version that this one must not use is named', async () => {
    await own.sql.updateTable('schema_floor').set({ version: 9_999 }).execute();
    expect(await verdict('database', { databaseUrl: own.url })).toContain('program_too_old');
  });
});

it('an SQLite file that does not exist is not created', async () => {
  const { url, remove } = await emptyDatabase('SQLite');
  expect(await verdict('database', { databaseUrl: url })).toBe('no_database');
  expect(await verdict('database', { databaseUrl: url })).toBe('no_database');
  await remove();
});
