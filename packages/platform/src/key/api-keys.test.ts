import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { openDatabase, type Sql } from '../database/open.ts';
import { Hints } from '../redis/hints.ts';
import type { KeyInput } from './api-key.ts';
import { ApiKeys } from './api-keys.ts';
import type { Actor } from './audit.ts';
import { KeyStore } from './key-store.ts';

const wish: KeyInput = { name: 'k', scopes: ['calls'], accounts: [], paths: [], expiresAt: null, ratePerSecond: null };
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
  /** What its monotonic clock shows. */
  nowMs: number;
}

/** What one process has; its connections are its own. */
async function openNode(deaf = false): Promise<Node> {
  const listeners = async () => Number((await server.redis.pubsub('NUMSUB', 'wx:api-keys'))[1]);
  const before = await listeners();
  const sql: Sql = openDatabase(database.url);
  const subscriber = server.connect();
  const store = new KeyStore(sql);
  const find = store.find.bind(store);
  const node: { reads: number; nowMs: number; keys?: ApiKeys } = { reads: 0, nowMs: 0 };
  store.find = (id) => {
    node.reads++;
    return find(id);
  };
  const keys = new ApiKeys({ redis: server.redis, hints: new Hints(subscriber), store, now: () => node.nowMs });
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

let here: Node;
beforeEach(async () => {
  here = await openNode();
});

it('a key is recognized by its whole text only', async () => {
  const { key, text } = await here.keys.create(wish, by);
  expect(await here.keys.recognize(text)).toMatchObject({ id: key.id, name: 'k' });
  const last = text.at(-2) === 'A' ? 'B' : 'A';
  expect(await here.keys.recognize(`${text.slice(0, -2)}${last}${text.at(-1)}`)).toBeUndefined();
  expect(await here.keys.recognize(text.slice(0, -1))).toBeUndefined();
  expect(
    await here.keys.recognize(text.replace(/^wxk_./, (head) => (head === 'wxk_f' ? 'wxk_e' : 'wxk_f'))),
  ).toBeUndefined();
  expect(await here.keys.recognize('')).toBeUndefined();
  expect(await here.keys.recognize(key.id)).toBeUndefined();
});

it('many requests in a moment are one question to the database', async () => {
  const { text } = await here.keys.create(wish, by);
  await Promise.all(Array.from({ length: 200 }, () => here.keys.recognize(text)));
  expect(here.reads).toBe(1);
});

it('many wrong ids leave the keys remembered that were read later than most of them', async () => {
  const { text } = await here.keys.create(wish, by);
  const guess = (from: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => here.keys.find(String(from + i).padStart(16, '0'))));
  await guess(0, 9_999);
  await here.keys.recognize(text);
  await guess(10_000, 500);
  expect(here.reads).toBe(9_999 + 1 + 500);
  await here.keys.recognize(text);
  expect(here.reads).toBe(9_999 + 1 + 500);
});

it('a revoked key stops on other nodes when the hint arrives', async () => {
  // Its clock stands still, so it forgets nothing by itself.
  const there = await openNode();
  const { key, text } = await here.keys.create(wish, by);
  expect(await there.keys.recognize(text)).toBeDefined();
  expect(await there.keys.find(key.id)).toBeDefined();
  expect(await here.keys.revoke(key.id, by)).toBe('revoked');
  expect(await here.keys.recognize(text)).toBeUndefined();
  await until('it is refused', async () => (await there.keys.recognize(text)) === undefined);
  expect(await there.keys.find(key.id)).toBeUndefined();
});

it('a revoked key stops on other nodes within a second where the hint is lost', async () => {
  const there = await openNode(true);
  const { key, text } = await here.keys.create(wish, by);
  expect(await there.keys.recognize(text)).toBeDefined();
  expect(await here.keys.revoke(key.id, by)).toBe('revoked');
  expect(await there.keys.recognize(text)).toBeDefined();
  there.nowMs = 999;
  expect(await there.keys.recognize(text)).toBeUndefined();
  expect(await there.keys.find(key.id)).toBeUndefined();
});

it('a key expires by itself, also while it is remembered', async () => {
  const { key, text } = await here.keys.create({ ...wish, expiresAt: new Date(Date.now() + 300) }, by);
  await until('it is over', async () => (await here.keys.recognize(text)) === undefined);
  expect(Date.now()).toBeGreaterThanOrEqual(key.expiresAt!.getTime());
  // Not because it was read again.
  expect(here.reads).toBe(1);
  expect(await here.keys.find(key.id)).toBeUndefined();
});

it('the last use is written in passing, and not again within a minute', async () => {
  const there = await openNode();
  const { key, text } = await here.keys.create(wish, by);
  const lastUse = async () =>
    (await database.sql.selectFrom('api_keys').select('last_used_at').where('id', '=', key.id).executeTakeFirst())
      ?.last_used_at;
  const before = Date.now();
  await here.keys.recognize(text);
  await until('it is written', async () => (await lastUse()) !== null);
  const first = Number(await lastUse());
  expect(first).toBeGreaterThanOrEqual(before);
  await here.keys.find(key.id);
  await there.keys.recognize(text);
  await Promise.all([here.keys.close(), there.keys.close()]);
  expect(Number(await lastUse())).toBe(first);
});

it('a wrong secret is no use of the key', async () => {
  const { key, text } = await here.keys.create(wish, by);
  await here.keys.recognize(`${text.slice(0, 21)}${'A'.repeat(43)}`);
  await here.keys.close();
  expect((await here.keys.list({ limit: 1000 })).items.find(({ id }) => id === key.id)?.lastUsedAt).toBeNull();
});

it('a database that fails is asked again, not remembered', async () => {
  const { text } = await here.keys.create(wish, by);
  await database.sql.schema.alterTable('api_keys').renameTo('gone').execute();
  try {
    await expect(here.keys.recognize(text)).rejects.toThrow();
  } finally {
    await database.sql.schema
      .alterTable('gone' as never)
      .renameTo('api_keys')
      .execute();
  }
  expect(await here.keys.recognize(text)).toBeDefined();
});

it('the rate of a key counts on every node', async () => {
  const there = await openNode();
  const { key } = await here.keys.create({ ...wish, ratePerSecond: 4 }, by);
  const asked = Array.from({ length: 12 }, (_, i) => (i % 2 ? here : there).keys.admit(key));
  const refused = (await Promise.allSettled(asked)).filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThanOrEqual(6);
  expect(refused.length).toBeLessThanOrEqual(8);
  const { key: free } = await here.keys.create(wish, by);
  for (let i = 0; i < 50; i++) await here.keys.admit(free);
});
