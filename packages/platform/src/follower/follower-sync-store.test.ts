import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { FollowerSyncStore } from './follower-sync-store.ts';
import { FollowerWriter } from './follower-writer.ts';
import { SyncSchedules } from './sync-schedules.ts';

const account = { component: 'wxc', appid: 'wxa' };
const error = { code: 'wechat_timeout', remedy: 'retry', message: 'late' } as const;

describe.each(databases)('follower syncs on %s', (kind) => {
  let database: TestDatabase;
  let writer: FollowerWriter;
  let syncs: FollowerSyncStore;
  let schedules: SyncSchedules;
  beforeAll(async () => {
    database = await startDatabase(kind);
    writer = new FollowerWriter(database.url);
    syncs = new FollowerSyncStore(database.sql, writer);
    schedules = new SyncSchedules(database.sql);
  });
  afterAll(async () => {
    await writer.close();
    await database.stop();
  });
  beforeEach(async () => {
    await database.sql.deleteFrom('follower_syncs').execute();
    await database.sql.deleteFrom('follower_sync_schedules').execute();
  });

  it('lets an account have one at a time, however many ask', async () => {
    const asked = await Promise.all(Array.from({ length: 10 }, () => syncs.start(account, true)));
    expect(asked.filter(({ started }) => started)).toHaveLength(1);
    expect(new Set(asked.map(({ sync }) => sync.id)).size).toBe(1);
    expect((await syncs.start({ ...account, component: 'wxd' }, true)).started).toBe(true);
    await syncs.finish((await syncs.takeRun(asked[0]!.sync.id))!);
    expect((await syncs.start(account, true)).started).toBe(true);
  });

  it('lets only the latest run write', async () => {
    const { sync } = await syncs.start(account, true);
    const first = (await syncs.takeRun(sync.id))!;
    const second = (await syncs.takeRun(sync.id))!;
    first.listed = 1;
    expect(await syncs.checkpoint(first, [])).toBe('undone');
    second.listed = 2;
    expect(await syncs.checkpoint(second, [])).toBe('done');
    expect(await syncs.finish(first)).toBe('undone');
    expect(await syncs.find(sync.id)).toMatchObject({ listed: 2, state: 'running' });
  });

  it('continues from what the former run wrote last, also while it was being taken over', async () => {
    const { sync } = await syncs.start(account, true);
    const former = (await syncs.takeRun(sync.id))!;
    let isFirst = true;
    const interrupted = database.sql.withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        if (isFirst) {
          isFirst = false;
          Object.assign(former, { listed: 7, detailed: 3, afterOpenid: 'oC' });
          expect(await syncs.checkpoint(former, [])).toBe('done');
        }
        return result;
      },
    });
    const next = await new FollowerSyncStore(interrupted, writer).takeRun(sync.id);
    expect(next).toMatchObject({ run: former.run + 1, listed: 7, detailed: 3, afterOpenid: 'oC' });
    expect(await syncs.checkpoint(former, [])).toBe('undone');
  });

  it('permits no write to one that was paused or cancelled, and resumes where it was', async () => {
    const { sync } = await syncs.start(account, true);
    const run = (await syncs.takeRun(sync.id))!;
    Object.assign(run, { listed: 7, pages: 1, nextOpenids: ['oA', 'oB'], splits: ['oM'] });
    expect(await syncs.checkpoint(run, [])).toBe('done');
    expect(await syncs.steer(sync.id, 'paused', ['queued', 'running'])).toBe(true);
    expect(await syncs.checkpoint(run, [])).toBe('undone');
    expect(await syncs.takeRun(sync.id)).toBeUndefined();
    expect(await syncs.steer(sync.id, 'queued', ['paused'])).toBe(true);
    expect(await syncs.takeRun(sync.id)).toMatchObject({ listed: 7, nextOpenids: ['oA', 'oB'], splits: ['oM'] });
    expect(await syncs.steer(sync.id, 'cancelled', ['queued', 'running', 'paused'])).toBe(true);
    expect(await syncs.find(sync.id)).toMatchObject({ state: 'cancelled', finishedAt: expect.any(Date) });
    expect(await syncs.active(account)).toBeUndefined();
    expect(await syncs.steer(sync.id, 'queued', ['paused'])).toBe(false);
  });

  it('shows what it waits for, and counts transient errors until it continues', async () => {
    const { sync } = await syncs.start(account, true);
    const until = new Date(Date.now() + 60_000);
    await syncs.wait((await syncs.takeRun(sync.id))!, until, error, true);
    expect(await syncs.find(sync.id)).toMatchObject({ state: 'running', waitingUntil: until, error });
    const run = (await syncs.takeRun(sync.id))!;
    expect(run).toMatchObject({ consecutiveErrors: 1, failingSince: expect.any(Number) });
    await syncs.checkpoint(run, []);
    expect(await syncs.find(sync.id)).toMatchObject({ waitingUntil: null, error: null });
    expect(await syncs.takeRun(sync.id)).toMatchObject({ consecutiveErrors: 0, failingSince: null });
  });

  it('takes up what a process of an older version began', async () => {
    const { sync } = await syncs.start(account, true);
    await database.sql.updateTable('follower_syncs').set({ looked: null, unlisted: null }).execute();
    expect(await syncs.takeRun(sync.id)).toMatchObject({ verified: 0, bucketsWithUnlisted: [] });
  });

  it('knows which have stopped moving', async () => {
    const { sync } = await syncs.start(account, true);
    expect(await syncs.idle('wxc', 60_000)).toEqual([]);
    expect(await syncs.idle('wxc', -1_000)).toEqual([sync.id]);
    expect(await syncs.idle('wxd', -1_000)).toEqual([]);
    await syncs.steer(sync.id, 'paused', ['queued']);
    expect(await syncs.idle('wxc', -1_000)).toEqual([]);
  });

  it('starts a scheduled one exactly once a day, however many processes try', async () => {
    const { nextAt } = await schedules.set(account, { at: '03:30', details: false });
    expect(await schedules.startDue('wxc', nextAt.getTime() - 1)).toEqual([]);
    const started = await Promise.all(Array.from({ length: 5 }, () => schedules.startDue('wxc', nextAt.getTime())));
    expect(started.flat()).toHaveLength(1);
    expect(await syncs.find(started.flat()[0]!)).toMatchObject({ state: 'queued', details: false });
    expect(await schedules.startDue('wxc', nextAt.getTime() + 60_000)).toEqual([]);

    // A day later the first one still runs: that day has had it.
    const nextDay = nextAt.getTime() + 24 * 3_600_000;
    expect(await schedules.startDue('wxc', nextDay)).toEqual([]);
    expect((await schedules.find(account))?.nextAt.getTime()).toBe(nextDay + 24 * 3_600_000);
    // After days without any worker there is one, not one for each day.
    await syncs.steer(started.flat()[0]!, 'cancelled', ['queued']);
    expect(await schedules.startDue('wxc', nextDay + 5 * 24 * 3_600_000)).toHaveLength(1);
    await schedules.drop(account);
    expect(await schedules.find(account)).toBeUndefined();
  });

  it('lists those of all accounts by state and account, the newest first, page by page', async () => {
    const start = async (component: string, appid: string, at: number) => {
      const { sync } = await syncs.start({ component, appid }, true);
      await database.sql.updateTable('follower_syncs').set({ created_at: at }).where('id', '=', sync.id).execute();
      return sync.id;
    };
    const first = await start('wxc', 'wxa', 1);
    const second = await start('wxd', 'wxa', 2);
    const third = await start('wxc', 'wxb', 3);
    await start('wxother', 'wxa', 4);
    await syncs.steer(second, 'paused', ['queued']);
    const listed = async (filter: Partial<Parameters<FollowerSyncStore['listAll']>[0]> = {}) => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await syncs.listAll({ components: ['wxc', 'wxd'], accounts: [], limit: 1, ...filter, cursor });
        found.push(...page.items.map(({ id }) => id));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return found;
    };
    expect(await listed()).toEqual([third, second, first]);
    expect(await listed({ state: 'paused' })).toEqual([second]);
    expect(await listed({ accounts: ['wxa'] })).toEqual([second, first]);
    expect(await listed({ components: ['wxc'] })).toEqual([third, first]);
    expect((await syncs.listAll({ components: ['wxc'], accounts: [], limit: 9 })).items[1]).toEqual(
      await syncs.find(first),
    );
  });
});
