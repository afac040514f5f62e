import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Ledger } from './ledger.ts';

let server: TestRedis;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const pair = { component: 'wxc', appid: 'wxa', path: '/cgi-bin/user/get' };
const endpoint = { dailyLimit: 500 } as never;
const DAY_MS = 24 * 60 * 60_000;

it('closes a day until the next midnight in Beijing', async () => {
  await ledger.close(pair, 'day', Date.now());
  const { closedUntil } = await ledger.usage(pair, endpoint);
  const left = closedUntil!.getTime() - Date.now();
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(DAY_MS);
  const shanghai = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', timeStyle: 'medium' });
  // The two clocks differ by less than a second.
  const shown = shanghai.format(new Date(Math.round(closedUntil!.getTime() / 1000) * 1000));
  expect(shown).toBe('00:00:00');
});

it('does not close today for a request that left yesterday', async () => {
  await ledger.close(pair, 'day', Date.now() - DAY_MS);
  expect((await ledger.usage(pair, endpoint)).closedUntil).toBeUndefined();
  await ledger.refuseIfClosed(pair);
});

it('closes a minute for a minute, without a probe', async () => {
  await ledger.close(pair, 'minute', Date.now());
  const { closedUntil } = await ledger.usage(pair, endpoint);
  expect(closedUntil!.getTime() - Date.now()).toBeLessThanOrEqual(60_500);
  await expect(ledger.refuseIfClosed(pair)).rejects.toMatchObject({ code: 'quota_closed', remedy: 'slow-down' });
});

it('does not shorten a day by a minute', async () => {
  await ledger.close(pair, 'day', Date.now());
  const before = (await ledger.usage(pair, endpoint)).closedUntil!;
  await ledger.close(pair, 'minute', Date.now());
  const after = (await ledger.usage(pair, endpoint)).closedUntil!;
  expect(Math.abs(after.getTime() - before.getTime())).toBeLessThan(1_000);
});

it('counts requests that have no record of their own, and says how long none may leave', async () => {
  expect(await ledger.take(pair)).toMatchObject({ go: 'yes', probe: false });
  expect((await ledger.usage(pair, endpoint)).used).toBe(1);
  await ledger.close(pair, 'minute', Date.now());
  const closed = await ledger.take(pair);
  expect(closed).toMatchObject({ go: 'closed', closedUntil: expect.any(Date) });
  expect(closed.go === 'closed' && closed.inMs).toBeGreaterThan(50_000);
  expect((await ledger.usage(pair, endpoint)).used).toBe(1);
});
