import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { databaseUnreachable } from '../database/database-gate.ts';
import { openDatabase, type Sql } from '../database/open.ts';
import { Hints } from '../redis/hints.ts';
import { redisTimeMs } from '../redis/redis-time.ts';
import type { KeyInput } from './api-key.ts';
import { ApiKeys } from './api-keys.ts';
import type { Actor } from './audit.ts';
import { KeyStore } from './key-store.ts';

const input: KeyInput = { name: 'k', scopes: ['calls'], accounts: [], paths: [], expiresAt: null, ratePerSecond: null };
const by: Actor = { id: 'API_KEY', address: null, requestId: null };

let server: TestRedis;
let database: TestDatabase;
beforeAll(async () => {
  [server, database] = await Promise.all([startRedis(), startDatabase()]);
});
afterAll(async () => {
  await Promise.all([server.stop(), database.stop()]);
});

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

interface Node {
  readonly keys: ApiKeys;
  reads: number;
  /** The time of its monotonic clock. */
  nowMs: number;
  /** The database is unreachable for it. */
  isCutOff: boolean;
}

/** One process, with connections of its own. */
async function openNode(deaf = false): Promise<Node> {
  const listeners = async () => Number((await server.redis.pubsub('NUMSUB', 'wx:api-keys'))[1]);
  const before = await listeners();
  const sql: Sql = openDatabase(database.url);
  const subscriber = server.connect();
  const store = new KeyStore(sql);
  const find = store.find.bind(store);
  const node: Omit<Node, 'keys'> & { keys?: ApiKeys } = { reads: 0, nowMs: 0, isCutOff: false };
  store.find = (id) => {
    node.reads++;
    return node.isCutOff ? Promise.reject(databaseUnreachable('It does not answer.')) : find(id);
  };
  const outage = {
    get isOut() {
      return node.isCutOff;
    },
    check: async () => !node.isCutOff,
  };
  const keys = new ApiKeys({ redis: server.redis, hints: new Hints(subscriber), store, outage, now: () => node.nowMs });
  node.keys = keys;
  if (deaf) await subscriber.unsubscribe('wx:api-keys');
  else await until('it listens', async () => (await listeners()) > before);
  opened.push(async () => {
    await keys.close();
    await subscriber.quit();
    await sql.destroy();
  });
  return node as Node;
}

let node: Node;
beforeEach(async () => {
  node = await openNode();
});

it('a key is recognized by its whole text only', async () => {
  const { key, text } = await node.keys.create(input, by);
  expect(await node.keys.recognize(text)).toMatchObject({ id: key.id, name: 'k' });
  const last = text.at(-2) === 'A' ? 'B' : 'A';
  expect(await node.keys.recognize(`${text.slice(0, -2)}${last}${text.at(-1)}`)).toBeUndefined();
  expect(await node.keys.recognize(text.slice(0, -1))).toBeUndefined();
  expect(
    await node.keys.recognize(text.replace(/^wxk_./, (head) => (head === 'wxk_f' ? 'wxk_e' : 'wxk_f'))),
  ).toBeUndefined();
  expect(await node.keys.recognize('')).toBeUndefined();
  expect(await node.keys.recognize(key.id)).toBeUndefined();
});

it('many requests at the same time cause one query', async () => {
  const { text } = await node.keys.create(input, by);
  await Promise.all(Array.from({ length: 200 }, () => node.keys.recognize(text)));
  expect(node.reads).toBe(1);
});

it('many wrong ids do not evict keys that were read later than most of them', async () => {
  const { text } = await node.keys.create(input, by);
  const guess = (from: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => node.keys.find(String(from + i).padStart(16, '0'))));
  await guess(0, 9_999);
  await node.keys.recognize(text);
  await guess(10_000, 500);
  expect(node.reads).toBe(9_999 + 1 + 500);
  await node.keys.recognize(text);
  expect(node.reads).toBe(9_999 + 1 + 500);
});

it('other nodes refuse a revoked key when the hint arrives', async () => {
  // Its clock does not advance, so it forgets nothing by itself.
  const other = await openNode();
  const { key, text } = await node.keys.create(input, by);
  expect(await other.keys.recognize(text)).toBeDefined();
  expect(await other.keys.find(key.id)).toBeDefined();
  expect(await node.keys.revoke(key.id, by)).toBe('revoked');
  expect(await node.keys.recognize(text)).toBeUndefined();
  await until('it is refused', async () => (await other.keys.recognize(text)) === undefined);
  expect(await other.keys.find(key.id)).toBeUndefined();
});

it('other nodes refuse a revoked key within a second if the hint is lost', async () => {
  const other = await openNode(true);
  const { key, text } = await node.keys.create(input, by);
  expect(await other.keys.recognize(text)).toBeDefined();
  expect(await node.keys.revoke(key.id, by)).toBe('revoked');
  expect(await other.keys.recognize(text)).toBeDefined();
  other.nowMs = 999;
  expect(await other.keys.recognize(text)).toBeUndefined();
  expect(await other.keys.find(key.id)).toBeUndefined();
});

it('a remembered key expires', async () => {
  const { key, text } = await node.keys.create({ ...input, expiresAt: new Date(Date.now() + 300) }, by);
  await until('it has expired', async () => (await node.keys.recognize(text)) === undefined);
  expect(Date.now()).toBeGreaterThanOrEqual(key.expiresAt!.getTime());
  // It was not read again.
  expect(node.reads).toBe(1);
  expect(await node.keys.find(key.id)).toBeUndefined();
});

it('the last use is written in the background, once a minute', async () => {
  const other = await openNode();
  const { key, text } = await node.keys.create(input, by);
  const lastUse = async () =>
    (await database.sql.selectFrom('api_keys').select('last_used_at').where('id', '=', key.id).executeTakeFirst())
      ?.last_used_at;
  const before = Date.now();
  await node.keys.recognize(text);
  await until('it is written', async () => (await lastUse()) !== null);
  const first = Number(await lastUse());
  expect(first).toBeGreaterThanOrEqual(before);
  await node.keys.find(key.id);
  await other.keys.recognize(text);
  await Promise.all([node.keys.close(), other.keys.close()]);
  expect(Number(await lastUse())).toBe(first);
});

it('a wrong secret does not count as a use of the key', async () => {
  const { key, text } = await node.keys.create(input, by);
  await node.keys.recognize(`${text.slice(0, 21)}${'A'.repeat(43)}`);
  await node.keys.close();
  expect((await node.keys.list({ limit: 1000 })).items.find(({ id }) => id === key.id)?.lastUsedAt).toBeNull();
});

it('an error of the database is not remembered', async () => {
  const { text } = await node.keys.create(input, by);
  await database.sql.schema.alterTable('api_keys').renameTo('gone').execute();
  try {
    await expect(node.keys.recognize(text)).rejects.toThrow();
  } finally {
    await database.sql.schema
      .alterTable('gone' as never)
      .renameTo('api_keys')
      .execute();
  }
  expect(await node.keys.recognize(text)).toBeDefined();
});

it('while the database is unreachable, keys that were read before are accepted, and all others are not judged', async () => {
  const other = await openNode();
  const { key, text } = await node.keys.create(input, by);
  const { text: unread } = await node.keys.create(input, by);
  await node.keys.recognize(text);
  await node.keys.find('0123456789abcdef');
  node.isCutOff = true;
  node.nowMs = 60 * 60_000;
  expect(await node.keys.recognize(text)).toMatchObject({ id: key.id });
  const unavailable = { code: 'unavailable', remedy: 'retry', retryAfterMs: 5_000 };
  await expect(node.keys.recognize(unread)).rejects.toMatchObject(unavailable);
  // It may have been created since.
  await expect(node.keys.find('0123456789abcdef')).rejects.toMatchObject(unavailable);
  // A process that can reach the database revokes it; the hint arrives nevertheless.
  await other.keys.revoke(key.id, by);
  await until('it is not accepted', () =>
    node.keys.recognize(text).then(
      () => false,
      (error) => error.code === 'unavailable',
    ),
  );
});

it('a key whose revocation was not announced is read again before an outage can make it acceptable', async () => {
  const { key, text } = await node.keys.create(input, by);
  await node.keys.recognize(text);
  // As a command does, which has no Redis.
  await new KeyStore(database.sql).revoke(key.id, by);
  await node.keys.forgetRevoked();
  node.isCutOff = true;
  await expect(node.keys.recognize(text)).rejects.toMatchObject({ code: 'unavailable' });
});

it('the rate of a key is counted over all nodes', async () => {
  const other = await openNode();
  const { key } = await node.keys.create({ ...input, ratePerSecond: 4 }, by);
  const startedAt = await redisTimeMs(server.redis, 'any');
  const asked = Array.from({ length: 12 }, (_, i) => (i % 2 ? node : other).keys.admit(key));
  const passed = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
  const elapsed = (await redisTimeMs(server.redis, 'any')) - startedAt;
  expect(passed.length).toBeGreaterThanOrEqual(4);
  expect(passed.length).toBeLessThanOrEqual(4 + Math.ceil(elapsed / 250));
  const { key: free } = await node.keys.create(input, by);
  for (let i = 0; i < 50; i++) await node.keys.admit(free);
});
