import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { tokenEffects } from '../authorizer/token-effects.ts';
import { newCallId } from '../call/call-id.ts';
import { CallStore } from '../call/call-store.ts';
import { PushStore } from '../journal/push-store.ts';
import { Ledger } from '../quota/ledger.ts';
import { Seals } from '../sealing/seals.ts';
import { TokenStore } from '../token/token-store.ts';
import { AccountActivities } from './account-activity.ts';

const SEND = '/cgi-bin/message/custom/send';
const unlimited = { dailyLimit: undefined, minuteLimit: undefined };
const CLEAR = '/cgi-bin/clear_quota';

describe.each(databases)('the activity of accounts with %s', (kind) => {
  let server: TestRedis;
  let database: TestDatabase;
  let activities: AccountActivities;
  const seals = new Seals([randomBytes(32)]);
  beforeAll(async () => {
    [server, database] = await Promise.all([startRedis(), startDatabase(kind)]);
    const pushes = new PushStore({
      sql: database.sql,
      writer: { apply: () => Promise.reject(new Error('nothing is written')) },
      seals,
    });
    activities = new AccountActivities(server.redis, pushes);
    for (const appid of ['wxa', 'wxb']) {
      await database.sql
        .insertInto('authorizers')
        .values({
          component: 'wxc',
          appid,
          state: 'active',
          scopes: '[]',
          handle: appid,
          authorized_at: 1,
          updated_at: 1,
        })
        .execute();
    }
  });
  afterAll(async () => {
    await server.stop();
    await database.stop();
  });
  beforeEach(async () => {
    await server.redis.flushall();
    await database.sql.deleteFrom('pushes').execute();
  });

  const owners = [
    { component: 'wxc', appid: 'wxb' },
    { component: 'wxc', appid: 'wxa' },
  ];
  const everything = () => true;

  it('is nothing for an account that did nothing', async () => {
    const nothing = { tokenExpiresAt: null, tokenFailure: null, lastCallAt: null, lastPushAt: null, quota: null };
    expect(await activities.of(owners, everything)).toEqual([nothing, nothing]);
    expect(await activities.of([], everything)).toEqual([]);
  });

  it('has the end of the token, the last push, and the last call, in the order of the accounts', async () => {
    const owner = { component: 'wxc', appid: 'wxa', kind: 'authorizer' } as const;
    const tokens = new TokenStore(server.redis, seals, tokenEffects);
    const now = Date.now();
    const times = { refreshAt: now + 1, trustedUntil: now + 1, expiresAt: now + 7_200_000, sentAt: now };
    await tokens.publish(owner, now, { value: 'token', ...times });
    const receivedAt = new Date('2026-11-01T08:00:00.123Z');
    for (const [i, at] of [
      receivedAt.getTime() - 5_000,
      receivedAt.getTime(),
      receivedAt.getTime() - 9_000,
    ].entries()) {
      const push = { component: 'wxc', id: `${i}`.padStart(26, '0'), appid: 'wxa', type: 'message.text' };
      await database.sql
        .insertInto('pushes')
        .values({ ...push, create_time: 1, received_at: 1, seq: at * 1_000 + 7, sealed: Buffer.alloc(1) })
        .execute();
    }
    const calls = new CallStore(server.redis, seals);
    const request = { appid: 'wxa', method: 'GET', path: SEND, query: [], waitMs: 0, departWithinMs: 60_000 };
    const before = Date.now();
    await calls.create(newCallId('wxc', 'wxa'), request, 'gateway');
    const [other, one] = await activities.of(owners, everything);
    expect(other).toMatchObject({ tokenExpiresAt: null, lastCallAt: null, lastPushAt: null });
    expect(one!.lastPushAt).toEqual(receivedAt);
    expect(Math.abs(one!.tokenExpiresAt!.getTime() - times.expiresAt)).toBeLessThan(60_000);
    expect(Math.abs(one!.lastCallAt!.getTime() - before)).toBeLessThan(60_000);
  });

  it('has the failure of the last refresh of the token, until one succeeds', async () => {
    const owner = { component: 'wxc', appid: 'wxa', kind: 'authorizer' } as const;
    const tokens = new TokenStore(server.redis, seals, tokenEffects);
    await server.redis.set(tokens.leaseKey(owner), 'mine');
    const { fence } = (await tokens.admit(owner, 'mine'))!;
    await tokens.fail(owner, fence, new Failure('ip_not_allowed', 'operator', 'why', { errcode: 61004 }), 60_000, true);
    const [, one] = await activities.of(owners, everything);
    expect(one!.tokenFailure).toMatchObject({ code: 'ip_not_allowed', remedy: 'operator', errcode: 61004 });
    expect(one!.tokenFailure!.at).toBeInstanceOf(Date);
  });

  it('has the largest share used of a quota that the caller may see, and the last request that took from one', async () => {
    const ledger = new Ledger(server.redis);
    const limited = async (path: string, times: number, limit: number) => {
      const pair = { component: 'wxc', appid: 'wxa', path };
      for (let i = 0; i < times; i++) await ledger.take(pair, unlimited);
      const asked = await ledger.usage(pair, unlimited);
      await ledger.learn(pair, { limit, used: times, rate: undefined }, asked, unlimited);
    };
    await limited(SEND, 3, 10);
    await limited(CLEAR, 4, 5);
    await ledger.take({ component: 'wxc', appid: 'wxa', path: '/cgi-bin/unlimited' }, unlimited);
    const [, one] = await activities.of(owners, everything);
    expect(one!.quota).toEqual({ path: CLEAR, used: 4, limit: 5 });
    expect(one!.lastCallAt).toBeInstanceOf(Date);
    expect(Date.now() - one!.lastCallAt!.getTime()).toBeGreaterThanOrEqual(-60_000);
    const [, restricted] = await activities.of(owners, (path) => path === SEND);
    expect(restricted!.quota).toEqual({ path: SEND, used: 3, limit: 10 });
  });
});
