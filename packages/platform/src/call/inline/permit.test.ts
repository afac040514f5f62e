import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { until } from '../../../test/until.ts';
import { untilDayLasts } from '../../../test/until-day-lasts.ts';
import { Ledger } from '../../quota/ledger.ts';
import { usageOf } from '../../quota/usage.ts';
import { redisTimeMs } from '../../redis/redis-time.ts';
import { newCallId } from '../call-id.ts';
import { takePermission } from './permit.ts';

let server: TestRedis;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await untilDayLasts();
  await server.redis.flushall();
});

const pair = { component: 'wxc', appid: 'wxa', path: '/cgi-bin/user/get' };
const QUOTA = 'wx:{wxc:wxa}:quota:/cgi-bin/user/get';
const documented = { dailyLimit: 500, minuteLimit: undefined };
const minuteOf = (ms: number) => Math.floor(ms / 60_000);
const permit = (limits: Parameters<Ledger['scriptArgs']>[1], deadlineAt = 0) =>
  takePermission(server.redis, newCallId('wxc', 'wxa'), ledger.scriptArgs(pair, limits), deadlineAt);

it.each([
  ['of the first call of a day', documented, async () => {}],
  ['of a later call', documented, () => ledger.take(pair, documented)],
  ['of the last call of a minute', { dailyLimit: undefined, minuteLimit: 1 }, async () => {}],
  ['without any limit', { dailyLimit: undefined, minuteLimit: undefined }, async () => {}],
  [
    'of a probe',
    documented,
    async () => {
      await ledger.close(pair, 'day', Date.now(), documented);
      await server.redis.hset(QUOTA, 'probeAt', '1');
    },
  ],
  [
    'of a call beyond a limit that a refusal taught',
    { dailyLimit: undefined, minuteLimit: undefined },
    async () => {
      await ledger.take(pair, documented);
      await ledger.close(pair, 'day', Date.now(), { dailyLimit: undefined });
      await ledger.reopen(pair);
    },
  ],
] as const)('the quota %s is the one that a reader finds afterwards', async (_, limits, given) => {
  await until('both were in one minute', async () => {
    await server.redis.flushall();
    await given();
    const permission = await permit(limits);
    if (permission.go !== 'yes') throw new Error(permission.go);
    const now = new Date(permission.now);
    const read = await ledger.usage(pair, limits);
    if (minuteOf(permission.now) !== minuteOf(await redisTimeMs(server.redis, 'any'))) return false;
    const taken = usageOf(permission.quota, permission.now, limits);
    const closedFor = (usage: typeof read) => usage.closedUntil && Math.round(usage.closedUntil.getTime() / 1_000);
    expect({ ...taken, now, closedUntil: closedFor(taken) }).toEqual({ ...read, now, closedUntil: closedFor(read) });
    expect(taken.used).toBeGreaterThan(0);
    return true;
  });
});

it('takes nothing after the deadline, and nothing of a closed quota', async () => {
  expect(await permit(documented, Date.now() - 1_000)).toMatchObject({ go: 'deadline' });
  await ledger.close(pair, 'minute', Date.now(), documented);
  expect(await permit(documented, Date.now() + 60_000)).toMatchObject({ go: 'closed', closedUntil: expect.any(Date) });
  expect(await ledger.usage(pair, documented)).toMatchObject({ used: 0 });
});
