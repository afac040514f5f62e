import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { openBulk } from '../database/open-bulk.ts';
import { Seals } from '../sealing/seals.ts';
import { RefreshAhead } from '../token/refresh-ahead.ts';
import { ownerKey, type TokenOwner } from '../token/token.ts';
import { refreshDue } from './refresh-due.ts';
import { restoreDue } from './restore-due.ts';

const ACCOUNTS = 20_000;
const PAGE_SIZE = 500;

let server: TestRedis;
let database: TestDatabase;
let store: AuthorizerStore;
beforeAll(async () => {
  [server, database] = await Promise.all([startRedis(), startDatabase()]);
  store = new AuthorizerStore(database.sql, new Seals([randomBytes(32)]));
  const writer = await openBulk(database.url, { durable: false });
  const columns = ['component', 'appid', 'state', 'scopes', 'handle', 'authorized_at', 'updated_at', 'used_at'];
  const now = Date.now();
  const values = Array.from({ length: ACCOUNTS }, (_, i) => {
    const appid = `wx${String(i).padStart(6, '0')}`;
    return ['wxc', appid, 'active', '[]', appid, now, now, now];
  }).flat();
  await writer.write([{ into: 'authorizers', columns, key: ['component', 'appid'], values }]);
  await writer.close();
});
afterAll(() => Promise.all([server.stop(), database.stop()]));
beforeEach(() => server.redis.flushall());

it('twenty thousand accounts are restored over a time that WeChat permits, and all of them are refreshed in one round', async () => {
  const refreshAhead = new RefreshAhead(server.redis);
  expect(await restoreDue({ refreshAhead, authorizerStore: store }, 'wxc')).toBe(ACCOUNTS);
  expect(await restoreDue({ refreshAhead, authorizerStore: store }, 'wxc')).toBe(0);
  const due = server.redis.keyspace.due('wxc');
  expect(await server.redis.zcard(due)).toBe(ACCOUNTS);
  const [first, last] = await Promise.all([
    server.redis.zrange(due, 0, '0', 'WITHSCORES'),
    server.redis.zrange(due, -1, '-1', 'WITHSCORES'),
  ]);
  const spreadMs = Number(last[1]) - Number(first[1]);
  // 200 a second.
  expect(spreadMs).toBeGreaterThan(90_000);
  // Beside the time for which the pages were written.
  expect(Number(last[1])).toBeLessThanOrEqual(Date.now() + 100_000);

  await server.redis.zunionstore(due, 1, due, 'WEIGHTS', 0);
  const asked = new Set<string>();
  const tokens = { askForRefresh: async (owner: TokenOwner) => void asked.add(ownerKey(owner)) };
  await refreshDue({ refreshAhead, tokens }, 'wxc', new AbortController().signal);
  expect(asked.size).toBe(ACCOUNTS);
});

it('another process continues behind the last page of one that died', async () => {
  const cut = new RefreshAhead(server.redis);
  const restore = cut.restore.bind(cut);
  let pages = 0;
  cut.restore = async (component, appids, inMs) => {
    if (++pages > 10) throw new Error('cut');
    await restore(component, appids, inMs);
  };
  await expect(restoreDue({ refreshAhead: cut, authorizerStore: store }, 'wxc')).rejects.toThrow('cut');
  const refreshAhead = new RefreshAhead(server.redis);
  expect(await restoreDue({ refreshAhead, authorizerStore: store }, 'wxc')).toBe(ACCOUNTS - 10 * PAGE_SIZE);
  expect(await server.redis.zcard(server.redis.keyspace.due('wxc'))).toBe(ACCOUNTS);
});
