import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { BulkThread } from '../database/bulk-thread.ts';
import { deliveryRow, insertDeliveries } from '../delivery/delivery-rows.ts';
import { Events } from '../events.ts';
import { FollowerSyncStore } from '../follower/follower-sync-store.ts';
import type { NewPush } from '../journal/journaled-push.ts';
import { Persons } from '../journal/person.ts';
import { pushIdOf } from '../journal/push-id.ts';
import { insertPushes } from '../journal/push-row.ts';
import { PushRemoval } from '../journal/remove-pushes.ts';
import { applyRetention } from '../maintenance/apply-retention.ts';
import { Seals } from '../sealing/seals.ts';
import type { ErasurePayload } from './erasure-job.ts';
import { type ErasureRequest, Erasures } from './erasures.ts';

const DAY_MS = 24 * 60 * 60_000;
const component = 'wxc';
const keys = [randomBytes(32)];
const persons = new Persons(keys);
const actor = { id: 'key_1', address: null, requestId: null };
const never = new AbortController().signal;

describe.each(databases)('on %s', (kind) => {
  let database: TestDatabase;
  let redis: TestRedis;
  let writer: BulkThread;
  let removal: PushRemoval;
  let erasures: Erasures;
  let jobs: ErasurePayload[];
  let audited: { action: string; target: string | null }[];
  beforeAll(async () => {
    [database, redis] = await Promise.all([startDatabase(kind), startRedis()]);
    writer = new BulkThread(database.url);
    removal = new PushRemoval(database.sql, writer);
    const authorizerStore = new AuthorizerStore(database.sql, new Seals(keys));
    const queue = { add: async (job: ErasurePayload) => void jobs.push(job) } as never;
    const syncs = new FollowerSyncStore(database.sql, writer);
    erasures = new Erasures({
      redis: redis.redis,
      sql: database.sql,
      writer,
      removal,
      persons,
      authorizerStore,
      syncs,
      queue,
    });
  });
  afterAll(async () => {
    await writer.close();
    await Promise.all([database.stop(), redis.stop()]);
  });
  beforeEach(async () => {
    jobs = [];
    audited = [];
    await redis.redis.flushall();
    for (const table of ['pushes', 'deliveries', 'followers', 'authorizers', 'authorizer_history'] as const) {
      await database.sql.deleteFrom(table).execute();
    }
  });

  let count = 0;
  async function add(times: number, changes: Partial<NewPush> = {}, pendingFor = 'sub_a'): Promise<NewPush[]> {
    const pushes = Array.from({ length: times }, (): NewPush => {
      const receivedAt = changes.receivedAt ?? new Date();
      return {
        ...{ component, appid: 'wxa', type: 'message.text', note: null, openid: 'oPerson', createTime: receivedAt },
        id: pushIdOf(receivedAt.getTime() / 1_000, String(++count).padStart(19, '0')),
        ...{ receivedAt, seq: receivedAt.getTime() * 1_000, sealed: Buffer.from('sealed') },
        ...changes,
      };
    });
    const now = new Date();
    const rows = pushes.flatMap((push) => [
      deliveryRow({ subscription: { id: pendingFor, timeoutMs: 1 }, push, asked: false }, now),
      { ...deliveryRow({ subscription: { id: 'sub_z', timeoutMs: 1 }, push, asked: false }, now), pending_at: null },
    ]);
    await writer.apply([insertPushes(pushes, persons), insertDeliveries(rows)]);
    return pushes;
  }
  const remaining = async () => {
    const pushes = await database.sql.selectFrom('pushes').select('id').orderBy('id').execute();
    const deliveries = await database.sql.selectFrom('deliveries').select('push').distinct().orderBy('push').execute();
    expect(deliveries.map(({ push }) => push)).toEqual(pushes.map(({ id }) => id));
    return pushes.map(({ id }) => id);
  };
  const idsOf = (...some: readonly (readonly NewPush[])[]) =>
    some
      .flat()
      .map(({ id }) => id)
      .toSorted();
  const request = (asked: Omit<ErasureRequest, 'appid'>) =>
    erasures.request({ appid: 'wxa', ...asked }, actor, {
      authorizers: { find: async (appid: string) => ({ component, appid }) as never },
      audit: { note: async (_, action, target = null) => void audited.push({ action, target }) },
    });

  describe('retention', () => {
    it('removes what is older, with its deliveries, and reports those that were pending', async () => {
      const now = Date.now();
      const old = { receivedAt: new Date(now - 8 * DAY_MS) };
      await add(1_030, old);
      await add(3, old, 'sub_b');
      const kept = await add(4, { receivedAt: new Date(now - 6 * DAY_MS) });
      const events = new Events();
      const expired: unknown[] = [];
      events.subscribe('subscription', (event) => void expired.push(event));
      const apply = () =>
        applyRetention(
          { redis: redis.redis, removal, erasures, pushDays: 7, followerDaysAfterRevocation: 30, events },
          never,
          now,
        );
      const results = await Promise.all([apply(), apply()]);
      expect(results.toSorted()).toEqual(['pushes_removed_1033', undefined]);
      expect(expired).toEqual([
        { subscription: 'sub_a', what: 'expired', count: 1_030 },
        { subscription: 'sub_b', what: 'expired', count: 3 },
      ]);
      expect(await remaining()).toEqual(idsOf(kept));
    });

    it('erases the followers of accounts that revoked their consent long ago and have not come back', async () => {
      const now = Date.now();
      const [long, recent] = [now - 31 * DAY_MS, now - 29 * DAY_MS];
      const accounts = [
        ['wxa', 'revoked', long],
        ['wxb', 'revoked', recent],
        ['wxc', 'active', long],
      ] as const;
      for (const [appid, state, at] of accounts) {
        const account = { component, appid, handle: appid, state, scopes: '[]', authorized_at: 1, updated_at: at };
        await database.sql.insertInto('authorizers').values(account).execute();
        const event = { component, appid, grant_version: 2, at, event: state, state, scopes: '[]' };
        await database.sql.insertInto('authorizer_history').values(event).execute();
        const follower = { component, appid, openid: 'oPerson', subscribed: 1, status_at: 0 };
        await database.sql
          .insertInto('followers')
          .values(follower as never)
          .execute();
      }
      expect(await erasures.startForRevoked(new Date(now - 30 * DAY_MS))).toBe(1);
      expect(jobs).toMatchObject([{ appid: 'wxa', what: 'followers', ifRevoked: true }]);
      await database.sql.updateTable('authorizers').set({ state: 'active' }).where('appid', '=', 'wxa').execute();
      const followersOf = () => database.sql.selectFrom('followers').select('appid').orderBy('appid').execute();
      await erasures.run(jobs[0]!, never);
      expect(await followersOf()).toHaveLength(3);
      await database.sql.updateTable('authorizers').set({ state: 'revoked' }).where('appid', '=', 'wxa').execute();
      await erasures.run(jobs[0]!, never);
      expect(await followersOf()).toEqual([{ appid: 'wxb' }, { appid: 'wxc' }]);
    });
  });

  describe('an erasure', () => {
    it('of a person removes the pushes and deliveries of this person only', async () => {
      await add(700);
      const others = [
        await add(2, { openid: 'oOther' }),
        await add(2, { appid: 'wxb' }),
        await add(1, { openid: null }),
      ];
      expect(await request({ what: 'person', openid: 'oPerson' })).toBe('running');
      expect(JSON.stringify([jobs, audited])).not.toContain('oPerson');
      expect(audited).toEqual([
        { action: 'pushes of a person of wxa erased', target: persons.hash(component, 'wxa', 'oPerson') },
      ]);
      expect(await erasures.run(jobs[0]!, never)).toBeUndefined();
      expect(await remaining()).toEqual(idsOf(...others));
      expect(await request({ what: 'person', openid: 'oPerson' })).toBe('completed');
      expect(await request({ what: 'person', openid: 'oOther' })).toBe('running');
    });

    it('of an account removes all of its pushes, until another one is accepted', async () => {
      await add(600);
      const others = await add(2, { appid: 'wxb' });
      expect(await request({ what: 'account' })).toBe('running');
      const later = await add(1, { receivedAt: new Date(Date.now() + 60_000) });
      expect(await erasures.run(jobs[0]!, never)).toBeUndefined();
      expect(await remaining()).toEqual(idsOf(others, later));
      expect(await request({ what: 'account' })).toBe('running');
    });

    it('waits until everything that was accepted before it is journaled', async () => {
      const accepted = await redis.redis.xadd(redis.redis.keyspace.pushStream, '*', 'format', '1');
      await request({ what: 'account' });
      expect(await erasures.run(jobs[0]!, never)).toMatchObject({ delayMs: expect.any(Number) });
      await redis.redis.xdel(redis.redis.keyspace.pushStream, accepted!);
      expect(await erasures.run(jobs[0]!, never)).toBeUndefined();
    });

    it('that is interrupted continues with the next slice', async () => {
      await add(1_200);
      await request({ what: 'person', openid: 'oPerson' });
      expect(await erasures.run(jobs[0]!, AbortSignal.abort())).toEqual({ requeue: true });
      expect(await remaining()).toHaveLength(1_200);
      expect(await erasures.run(jobs[0]!, never)).toBeUndefined();
      expect(await remaining()).toEqual([]);
    });

    it('of followers ends a sync that is running', async () => {
      const follower = { component, appid: 'wxa', openid: 'oPerson', subscribed: 1, status_at: 0 };
      await database.sql
        .insertInto('followers')
        .values(follower as never)
        .execute();
      const syncs = new FollowerSyncStore(database.sql, writer);
      await syncs.start({ component, appid: 'wxa' }, true);
      expect(await request({ what: 'followers' })).toBe('running');
      await erasures.run(jobs[0]!, never);
      expect(await syncs.active({ component, appid: 'wxa' })).toBeUndefined();
      expect(await database.sql.selectFrom('followers').select('openid').execute()).toEqual([]);
      expect(await request({ what: 'followers' })).toBe('completed');
    });
  });
});
