import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { untilDayLasts } from '../../test/until-day-lasts.ts';
import { Clears, clearsQuotas } from './clears.ts';
import { Ledger } from './ledger.ts';
import { QuotaClosedFailure } from './quota-closed-failure.ts';

let server: TestRedis;
let ledger: Ledger;
let clears: Clears;
const woken: string[] = [];
beforeAll(async () => {
  server = await startRedis();
  ledger = new Ledger(server.redis);
  clears = new Clears(server.redis, ledger, ({ appid }) => Promise.resolve(void woken.push(appid)));
});
afterAll(() => server.stop());
beforeEach(async () => {
  await untilDayLasts();
  woken.length = 0;
  await server.redis.flushall();
});

const owner = { component: 'wxc', appid: 'wxa' };
const pair = { ...owner, path: '/cgi-bin/user/get' };
const documented = { dailyLimit: 500, minuteLimit: undefined };

it('counts a clear, opens the account and wakes its lane', async () => {
  await ledger.take(pair, documented);
  const other = { ...pair, appid: 'wxb' };
  await ledger.take(other, documented);
  expect(await clears.thisMonth(owner)).toEqual({ usedThisMonth: 0, remainingThisMonth: 10 });
  await clears.recordClear(owner, 0, 'a');
  expect(await clears.thisMonth(owner)).toEqual({ usedThisMonth: 1, remainingThisMonth: 9 });
  expect(woken).toEqual(['wxa']);
  expect((await ledger.usage(pair, documented)).used).toBe(0);
  expect((await ledger.usage(other, documented)).used).toBe(1);
});

it('counts a clear once, though it is reported again because Redis refused a part of what follows', async () => {
  await ledger.take(pair, documented);
  const refused = new Error('READONLY You can not write against a read only replica.');
  const clearLedger = ledger.clear.bind(ledger);
  ledger.clear = async () => {
    throw refused;
  };
  for (let times = 0; times < 3; times++) await expect(clears.recordClear(owner, 0, 'a')).rejects.toBe(refused);
  ledger.clear = clearLedger;
  await clears.recordClear(owner, 0, 'a');
  expect((await clears.thisMonth(owner)).usedThisMonth).toBe(1);
  expect((await ledger.usage(pair, documented)).used).toBe(0);
  await clears.recordClear(owner, 0, 'another');
  expect((await clears.thisMonth(owner)).usedThisMonth).toBe(2);
});

it('counts a clear even if no lane can be woken', async () => {
  const failing = new Clears(server.redis, ledger, () => Promise.reject(new Error('Connection is closed.')));
  await ledger.take(pair, documented);
  await failing.recordClear(owner, 0, 'a');
  expect((await failing.thisMonth(owner)).usedThisMonth).toBe(1);
  expect((await ledger.usage(pair, documented)).used).toBe(0);
});

it('counts no refusal, except the one that reports that all clears are used', async () => {
  await ledger.take(pair, documented);
  for (const errcode of [40001, 40013, -1]) await clears.recordClear(owner, errcode, 'a');
  expect((await clears.thisMonth(owner)).usedThisMonth).toBe(0);
  await clears.refuseIfNoneLeft(owner);
  await clears.recordClear(owner, 48006, 'b');
  expect(await clears.thisMonth(owner)).toEqual({ usedThisMonth: 10, remainingThisMonth: 0 });
  expect((await ledger.usage(pair, documented)).used).toBe(1);
  expect(woken).toEqual([]);
});

it('refuses the eleventh until the first of next month in Beijing, and counts each month by itself', async () => {
  for (let i = 0; i < 10; i++) await clears.recordClear(owner, 0, `clear ${i}`);
  const failure = await clears.refuseIfNoneLeft(owner).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(QuotaClosedFailure);
  const { closedUntil } = failure as QuotaClosedFailure;
  // By this host's clock, which was read some time after Redis'.
  const there = new Date(Math.round(closedUntil.getTime() / 60_000) * 60_000 + 8 * 3600_000);
  expect(there.toISOString()).toMatch(/-01T00:00:00\.000Z$/);
  expect(closedUntil.getTime() - Date.now()).toBeLessThan(31.1 * 24 * 3600_000);
  await server.redis.hset('wx:{wxc:wxb}:quota-clears', '2020-01', 10);
  await clears.refuseIfNoneLeft({ ...owner, appid: 'wxb' });
  expect(await server.redis.pttl('wx:{wxc:wxa}:quota-clears')).toBeGreaterThan(31 * 24 * 3600_000);
});

it('recognizes the calls that clear the calling account', () => {
  expect(['/cgi-bin/clear_quota', '/cgi-bin/component/clear_quota'].map(clearsQuotas)).toEqual([true, true]);
  // The body of that one names the account.
  expect(clearsQuotas('/cgi-bin/component/clear_quota/v2')).toBe(false);
});
