import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { untilDayLasts } from '../../test/until-day-lasts.ts';
import { beijingDay } from '../beijing-time.ts';
import { type EventPayloads, Events } from '../events.ts';
import { Ledger } from './ledger.ts';

let server: TestRedis;
let ledger: Ledger;
/** The published events. */
const levels: EventPayloads['quota'][] = [];
const lookups: EventPayloads['quota-lookup'][] = [];
beforeAll(async () => {
  server = await startRedis();
  const events = new Events();
  events.subscribe('quota', (event) => levels.push(event));
  events.subscribe('quota-lookup', (event) => lookups.push(event));
  ledger = new Ledger(server.redis, events);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await untilDayLasts();
  forgetEvents();
  await server.redis.flushall();
});
function forgetEvents(): void {
  levels.length = 0;
  lookups.length = 0;
}

const pair = { component: 'wxc', appid: 'wxa', path: '/cgi-bin/user/get' };
const KEY = 'wx:{wxc:wxa}:quota:/cgi-bin/user/get';
const documented = { dailyLimit: 500, minuteLimit: undefined };
const unknown = { dailyLimit: undefined, minuteLimit: undefined };
const DAY_MS = 24 * 60 * 60_000;

const usage = () => ledger.usage(pair, documented);
const take = (limits: Parameters<Ledger['take']>[1] = documented) => ledger.take(pair, limits);
const close = (span: 'day' | 'minute', departedAt = Date.now()) => ledger.close(pair, span, departedAt, documented);
async function takeTimes(count: number, limits: Parameters<Ledger['take']>[1] = documented): Promise<void> {
  for (let i = 0; i < count; i++) expect((await take(limits)).go).toBe('yes');
}

it('closes a day until the next midnight in Beijing', async () => {
  await close('day');
  const { closedUntil } = await usage();
  const closedForMs = closedUntil!.getTime() - Date.now();
  expect(closedForMs).toBeGreaterThan(0);
  expect(closedForMs).toBeLessThanOrEqual(DAY_MS);
  const shanghai = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', timeStyle: 'medium' });
  // By this host's clock, which was read some time after Redis'.
  const shown = shanghai.format(new Date(Math.round(closedUntil!.getTime() / 60_000) * 60_000));
  expect(shown).toBe('00:00:00');
});

it('does not close today for a request that departed yesterday', async () => {
  await close('day', Date.now() - DAY_MS);
  expect((await usage()).closedUntil).toBeUndefined();
  expect((await take()).go).toBe('yes');
});

it('closes a minute for a minute, without a probe', async () => {
  await close('minute');
  const { closedUntil } = await usage();
  expect(closedUntil!.getTime() - Date.now()).toBeLessThanOrEqual(60_500);
  expect((await take()).go).toBe('closed');
});

it('does not shorten a day by a minute', async () => {
  await close('day');
  const before = Number(await server.redis.hget(KEY, 'until'));
  await close('minute');
  // In the last minute of a day the minute ends later.
  expect(Number(await server.redis.hget(KEY, 'until'))).toBeGreaterThanOrEqual(before);
});

it('counts requests that have no record of their own, and returns how long none may depart', async () => {
  expect(await take()).toMatchObject({ go: 'yes', probe: false });
  expect((await usage()).used).toBe(1);
  await close('minute');
  const closed = await take();
  expect(closed).toMatchObject({ go: 'closed', closedUntil: expect.any(Date) });
  expect(closed.go === 'closed' && closed.inMs).toBeGreaterThan(0);
  expect(closed.go === 'closed' && closed.inMs).toBeLessThanOrEqual(60_000);
  expect((await usage()).used).toBe(1);
});

it('lets one probe an interval through a closed day', async () => {
  await close('day');
  expect((await take()).go).toBe('closed');
  await server.redis.hset(KEY, 'probeAt', '1');
  expect(await take()).toMatchObject({ go: 'yes', probe: true });
  expect((await take()).go).toBe('closed');
  await ledger.reopen(pair);
  expect(await take()).toMatchObject({ go: 'yes', probe: false });
  // WeChat's count differs from ours, then.
  expect(lookups.at(-1)).toMatchObject({ outcome: 'due' });
});

it('counts each day from zero, and keeps what it has learned', async () => {
  await ledger.learn(pair, { limit: 10, used: 9, rate: undefined }, await usage(), documented);
  await takeTimes(9);
  const yesterday = beijingDay(Date.now()) - 1;
  await server.redis.hset(KEY, 'day', yesterday, 'offset', 3);
  expect(await usage()).toMatchObject({ used: 0, limit: 10, remaining: 10, source: 'wechat' });
  forgetEvents();
  await take();
  expect(await usage()).toMatchObject({ used: 1, limit: 10, remaining: 9 });
  await takeTimes(7);
  // Yesterday's warning does not count today.
  expect(levels).toMatchObject([{ level: 'warning', used: 8, limit: 10 }]);
  expect(lookups).toEqual([]);
});

it('warns at four fifths and at all of it, once', async () => {
  await takeTimes(12, { dailyLimit: 10, minuteLimit: undefined });
  expect(levels).toMatchObject([
    { level: 'warning', used: 8, limit: 10 },
    { level: 'exhausted', used: 10, limit: 10 },
  ]);
});

it('a refusal is the last warning, even without an earlier one', async () => {
  await takeTimes(3);
  await close('day');
  expect(levels).toEqual([
    { ...pair, level: 'exhausted', used: 3, limit: 500, at: expect.any(String) },
    { ...pair, level: 'closed', used: 3, limit: 500 },
  ]);
  expect(lookups).toEqual([{ ...pair, outcome: 'due', used: 3, limit: 500 }]);
  expect(await usage()).toMatchObject({ used: 3, limit: 500, remaining: 0, source: 'catalogue' });
  await close('day');
  expect([levels.length, lookups.length]).toEqual([2, 1]);
  await server.redis.hdel(KEY, 'until');
  await close('day');
  expect([levels.slice(2).map(({ level }) => level), lookups.length]).toEqual([['closed'], 1]);
});

it('reports that a closed day is open again, by a probe or by a clear, and nothing of a minute', async () => {
  const reopened = { ...pair, level: 'reopened', used: null, limit: null };
  await takeTimes(1);
  await close('day');
  forgetEvents();
  await ledger.reopen(pair);
  expect(levels).toEqual([reopened]);
  await close('day');
  forgetEvents();
  await ledger.clear(pair);
  await ledger.clear(pair);
  expect(levels).toEqual([reopened]);
  forgetEvents();
  await close('minute');
  await ledger.clear(pair);
  expect(levels).toEqual([]);
});

it('a refusal bounds an unknown limit, until more calls have succeeded', async () => {
  await takeTimes(3, unknown);
  await ledger.close(pair, 'day', Date.now(), unknown);
  const now = () => ledger.usage(pair, unknown);
  expect(await now()).toMatchObject({ used: 3, limit: 3, remaining: 0, source: 'refusal' });
  await ledger.reopen(pair);
  await takeTimes(1, unknown);
  expect(await now()).toMatchObject({ used: 4, limit: undefined, remaining: undefined, source: undefined });
});

it('reports a lookup as due when an unknown limit is used, and at half of a known one, but not twice in a few hours', async () => {
  await takeTimes(19, unknown);
  expect([levels, lookups]).toEqual([[], []]);
  await takeTimes(21, unknown);
  expect(lookups).toEqual([{ ...pair, outcome: 'due', used: 20, limit: null }]);
  expect(levels).toEqual([]);
  forgetEvents();
  await server.redis.flushall();
  const small = { dailyLimit: 10, minuteLimit: undefined };
  await takeTimes(9, small);
  expect(lookups).toMatchObject([{ outcome: 'due', used: 5 }]);
  expect(levels).toMatchObject([{ level: 'warning', used: 8 }]);
  await server.redis.hset(KEY, 'readAt', '1');
  await takeTimes(1, small);
  expect(lookups.at(-1)).toMatchObject({ outcome: 'due', used: 10 });
  expect(levels.at(-1)).toMatchObject({ level: 'exhausted', used: 10 });
});

it('follows WeChat’s count, plus the departures since', async () => {
  await takeTimes(4);
  const asked = await usage();
  // In flight while WeChat was asked.
  await takeTimes(1);
  await ledger.learn(pair, { limit: 1_000, used: 750, rate: undefined }, asked, documented);
  expect(await usage()).toMatchObject({ used: 751, limit: 1_000, remaining: 249, source: 'wechat', ownUsed: 5 });
  await takeTimes(2);
  expect(await usage()).toMatchObject({ used: 753, remaining: 247 });
  expect([levels, lookups]).toEqual([[], []]);
  await ledger.learn(pair, { limit: 1_000, used: 900, rate: undefined }, await usage(), documented);
  expect(levels).toMatchObject([{ level: 'warning', used: 900, limit: 1_000 }]);
  expect(lookups).toEqual([]);
});

it('does not take a count of yesterday, or from before a clear, for the current one', async () => {
  await takeTimes(4);
  const asked = await usage();
  await ledger.learn(
    pair,
    { limit: 700, used: 690, rate: undefined },
    { ...asked, now: asked.now - DAY_MS },
    documented,
  );
  expect(await usage()).toMatchObject({ used: 4, limit: 700 });
  await ledger.clear(pair);
  await ledger.learn(pair, { limit: 700, used: 690, rate: undefined }, asked, documented);
  expect(await usage()).toMatchObject({ used: 0, limit: 700 });
});

it('forgets what it has learned after its TTL', async () => {
  await ledger.learn(pair, { limit: 7, used: 0, rate: { calls: 2, seconds: 60 } }, await usage(), documented);
  expect(await usage()).toMatchObject({ limit: 7, minute: { calls: 2, seconds: 60 } });
  await server.redis.hset(KEY, 'knownUntil', '1');
  expect(await usage()).toMatchObject({ limit: 500, source: 'catalogue', minute: undefined });
  await takeTimes(5);
});

it('closes a full minute until the next one, with its last call', async () => {
  const limits = { dailyLimit: undefined, minuteLimit: 3 };
  const minuteNow = () => Math.floor(Date.now() / 60_000);
  await until('all of it was in one minute', async () => {
    await server.redis.flushall();
    const minute = minuteNow();
    const taken = [await take(limits), await take(limits), await take(limits), await take(limits)];
    const { closedUntil, used, minute: bucket } = await ledger.usage(pair, limits);
    if (minuteNow() !== minute) return false;
    expect(taken.map(({ go }) => go)).toEqual(['yes', 'yes', 'yes', 'closed']);
    expect(used).toBe(3);
    expect(bucket).toEqual({ calls: 3, seconds: 60, used: 3 });
    expect(Math.round(closedUntil!.getTime() / 60_000)).toBe(minute + 1);
    return true;
  });
});

it('opens again with the next bucket, of whatever length, by itself', async () => {
  await ledger.learn(pair, { limit: undefined, used: 0, rate: { calls: 3, seconds: 1 } }, await usage(), documented);
  const inBucket = new Map<number, number>();
  let departed = 0;
  await until('ten have departed', async () => {
    const taken = await take();
    if (taken.go !== 'yes') return false;
    const bucket = Math.floor(taken.departedAt / 1_000);
    inBucket.set(bucket, (inBucket.get(bucket) ?? 0) + 1);
    return ++departed === 10;
  });
  for (const [bucket, count] of inBucket) expect([bucket, count <= 3]).toEqual([bucket, true]);
});

describe('a departure at the end of a period', () => {
  it('is recognized', async () => {
    await until('one has departed then', async () => {
      // The first period since 1970 ends within a second.
      const seconds = Math.ceil(Date.now() / 1000);
      await ledger.learn(pair, { limit: undefined, used: 0, rate: { calls: 1_000, seconds } }, await usage(), unknown);
      await take(unknown);
      return (await server.redis.hget(KEY, 'late')) === '1';
    });
    const seconds = 2 * Math.ceil(Date.now() / 1000);
    await ledger.learn(pair, { limit: undefined, used: 0, rate: { calls: 1_000, seconds } }, await usage(), unknown);
    await take(unknown);
    expect(await server.redis.hget(KEY, 'late')).toBe('0');
  });

  it('counts in the next period, too, since WeChat may receive it then', async () => {
    const seconds = Math.ceil(Date.now() / 1000) - 3_600;
    await ledger.learn(pair, { limit: undefined, used: 0, rate: { calls: 5, seconds } }, await usage(), unknown);
    await server.redis.hset(KEY, 'bucket', 0, 'inBucket', 4, 'late', 2);
    await takeTimes(3, unknown);
    expect((await take(unknown)).go).toBe('closed');
  });

  it('counts in no later one', async () => {
    const seconds = Math.ceil(Date.now() / 2_000) - 3_600;
    await ledger.learn(pair, { limit: undefined, used: 0, rate: { calls: 5, seconds } }, await usage(), unknown);
    await server.redis.hset(KEY, 'bucket', 0, 'inBucket', 4, 'late', 2);
    await takeTimes(5, unknown);
    expect((await take(unknown)).go).toBe('closed');
  });
});

it('counts earlier departures in a period that it has just learned of', async () => {
  const minuteNow = () => Math.floor(Date.now() / 60_000);
  await until('all of it was in one minute', async () => {
    await server.redis.flushall();
    const minute = minuteNow();
    await takeTimes(4, unknown);
    const reported = { limit: undefined, used: 4, rate: { calls: 6, seconds: 3_600 } };
    await ledger.learn(pair, reported, await usage(), unknown);
    const taken = [await take(unknown), await take(unknown), await take(unknown)];
    if (minuteNow() !== minute) return false;
    expect(taken.map(({ go }) => go)).toEqual(['yes', 'yes', 'closed']);
    return true;
  });
});

it('counts departures that ignore a closed pair', async () => {
  await close('day');
  await ledger.count(pair, documented);
  expect(await usage()).toMatchObject({ used: 1, closedUntil: expect.any(Date) });
});

it('after a clear counts from zero, opens all pairs, and ignores refusals from before', async () => {
  const other = { ...pair, path: '/cgi-bin/tags/get' };
  await takeTimes(5);
  const before = Date.now();
  await ledger.take(other, documented);
  await close('day', before);
  await ledger.close(other, 'day', before, documented);
  await until('time has passed', () => Date.now() > before + 5);
  await ledger.clear(pair);
  for (const one of [pair, other]) {
    expect(await ledger.usage(one, documented)).toMatchObject({ used: 0, remaining: 500, closedUntil: undefined });
  }
  await close('day', before);
  expect((await usage()).closedUntil).toBeUndefined();
  await close('day', Date.now() + 1_000);
  expect((await usage()).closedUntil).toBeDefined();
});

it('knows the paths that were used, with their hours', async () => {
  await takeTimes(3);
  await ledger.take({ ...pair, path: '/cgi-bin/tags/get' }, unknown);
  expect((await ledger.paths(pair)).sort()).toEqual(['/cgi-bin/tags/get', '/cgi-bin/user/get']);
  const [followers, tags] = await ledger.usages(pair, ['/cgi-bin/user/get', '/cgi-bin/tags/get'], () => unknown);
  expect([...followers!.hours.values()].reduce((a, b) => a + b)).toBe(3);
  expect(tags).toMatchObject({ used: 1, limit: undefined });
  expect(await ledger.usages(pair, [], () => unknown)).toEqual([]);
});

it('keeps a bounded number of paths, and nothing for ever', async () => {
  const many = Array.from({ length: 1_010 }, (_, i) => ({ ...pair, path: `/cgi-bin/made/up/${i}` }));
  for (const one of many) await ledger.take(one, unknown);
  expect((await ledger.paths(pair)).length).toBe(1_000);
  const eternal = [];
  for (const key of await server.redis.keys('*')) if ((await server.redis.pttl(key)) < 0) eternal.push(key);
  expect(eternal).toEqual([]);
});
