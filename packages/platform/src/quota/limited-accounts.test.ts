import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { LimitedAccounts } from './limited-accounts.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('accounts are counted once, whatever number of their quotas is used, until the end of the Beijing day', async () => {
  const limited = new LimitedAccounts(server.redis);
  const noon = Date.parse('2026-11-29T04:00:00Z');
  const note = (appid: string, path: string, level: 'warning' | 'closed' | 'reopened') =>
    limited.note({ component: 'wxc', appid, path, level, used: 1, limit: 1, at: '' }, noon);
  await Promise.all([note('wxa', '/a', 'warning'), note('wxa', '/b', 'warning'), note('wxb', '/a', 'warning')]);
  await Promise.all([note('wxa', '/a', 'closed'), note('wxa', '/b', 'closed')]);
  const count = (accounts: number) => ({ accounts, atLeast: false });
  expect(await limited.counts('wxc', noon)).toEqual({ warned: count(2), closed: count(1) });
  await note('wxa', '/a', 'reopened');
  expect(await limited.counts('wxc', noon)).toEqual({ warned: count(2), closed: count(1) });
  await note('wxa', '/b', 'reopened');
  expect(await limited.counts('wxc', noon)).toEqual({ warned: count(1), closed: count(0) });
  expect(await limited.counts('wxd', noon)).toEqual({ warned: count(0), closed: count(0) });
  expect(await limited.counts('wxc', Date.parse('2026-11-29T16:00:00Z'))).toEqual({
    warned: count(0),
    closed: count(0),
  });
});
