import type { Transport } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { Events } from '../events.ts';
import { FollowerStore } from './follower-store.ts';
import { FollowerSyncStore } from './follower-sync-store.ts';
import { FollowerWriter } from './follower-writer.ts';
import type { SliceDeps } from './slice.ts';
import { runSyncSlice, type SliceResult } from './sync-slice.ts';

const account = { component: 'wxc', appid: 'wxa' };
const HOUR_MS = 3_600_000;

describe.each(databases)('slices of a follower sync on %s', (kind) => {
  let database: TestDatabase;
  let writer: FollowerWriter;
  let syncs: FollowerSyncStore;
  let followers: FollowerStore;
  /** The followers at WeChat, with their remarks. */
  let remarks: Map<string, string>;
  let now: number;
  let afterBatch: (() => Promise<void>) | undefined;
  /** Followers whose details break the JSON of each answer that has them. */
  let unreadable: Set<string>;
  /** What `user/get` answers instead of a page. */
  let page: unknown;
  beforeAll(async () => {
    database = await startDatabase(kind);
    writer = new FollowerWriter(database.url);
    syncs = new FollowerSyncStore(database.sql, writer);
    followers = new FollowerStore(database.sql, writer);
  });
  afterAll(async () => {
    await writer.close();
    await database.stop();
  });
  beforeEach(async () => {
    for (const table of ['followers', 'follower_syncs', 'follower_sync_lists'] as const) {
      await database.sql.deleteFrom(table).execute();
    }
    remarks = new Map(
      Array.from({ length: 12_000 }, (_, i) => [`o${String((i * 7_919) % 12_000).padStart(5, '0')}`, '']),
    );
    now = Date.now();
    afterBatch = undefined;
    unreadable = new Set();
    page = undefined;
  });

  const transport: Pick<Transport, 'send'> = {
    async send({ url, body }) {
      const { pathname, searchParams } = new URL(url);
      let answer: unknown;
      if (pathname === '/cgi-bin/user/get') {
        const all = [...remarks.keys()];
        const from = all.indexOf(searchParams.get('next_openid') ?? '') + 1;
        const openid = all.slice(from, from + 5_000);
        answer = page ?? {
          total: all.length,
          count: openid.length,
          data: { openid },
          next_openid: openid.at(-1) ?? '',
        };
      } else {
        const { user_list } = JSON.parse(String(body)) as { user_list: { openid: string }[] };
        answer = {
          user_info_list: user_list.map(({ openid }) =>
            remarks.has(openid)
              ? { subscribe: 1, openid, subscribe_time: 1_500_000_000, remark: remarks.get(openid), tagid_list: [] }
              : { subscribe: 0, openid },
          ),
        };
        await afterBatch?.();
        if (user_list.some(({ openid }) => unreadable.has(openid))) {
          return { status: 200, headers: {}, body: Buffer.from('{"user_info_list":[{"remark":"a"b"}]}') };
        }
      }
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) };
    },
  };

  async function slice(id: string, more: Partial<SliceDeps> = {}): Promise<SliceResult> {
    const options = {
      ...{ sql: database.sql, followers, syncs, writer, transport, apiBase: 'http://wechat' },
      tokens: { get: async () => ({ value: 'token' }), accepted: () => {} },
      ledger: { take: async () => ({ go: 'yes', departedAt: now, probe: false }), conclude: async () => 'open' },
      refreshAhead: { markUsed: async () => {} },
      events: new Events(),
      ...more,
    } as unknown as SliceDeps;
    return runSyncSlice(id, new AbortController().signal, options);
  }

  async function sync(): Promise<void> {
    const { id } = (await syncs.start(account, true)).sync;
    let result = await slice(id);
    while (result.outcome === 'goes_on') result = await slice(id);
    expect(result.outcome).toBe('completed');
  }

  async function table(): Promise<Map<string, { subscribed: boolean; remark: string | null }>> {
    const all = new Map();
    for await (const some of followers.stream(account, {})) {
      for (const { openid, subscribed, remark } of some) all.set(openid, { subscribed, remark });
    }
    return all;
  }

  const expected = (unsubscribed: readonly string[]) =>
    new Map<string, { subscribed: boolean; remark: string }>([
      ...[...remarks].map(([openid, remark]) => [openid, { subscribed: true, remark }] as const),
      ...unsubscribed.map((openid) => [openid, { subscribed: false, remark: '' }] as const),
    ]);

  it('notice which users came, changed or unsubscribed without a push, and nothing else', async () => {
    await sync();
    expect(await table()).toEqual(expected([]));
    now += HOUR_MS;
    const unsubscribed = ['o00000', 'o05000', 'o05001', 'o11999'];
    for (const openid of unsubscribed) remarks.delete(openid);
    remarks.set('o07000', 'changed');
    remarks.set('p', 'new, behind all others');
    remarks.set('o', 'new, before all others');
    await sync();
    expect(await table()).toEqual(expected(unsubscribed));
    now += HOUR_MS;
    remarks.set('o05000', '');
    await sync();
    expect(await table()).toEqual(expected(unsubscribed.filter((openid) => openid !== 'o05000')));
  });

  it('notice that all users of a key range have unsubscribed', async () => {
    await sync();
    now += HOUR_MS;
    const unsubscribed = [...remarks.keys()].filter((openid) => openid >= 'o00300' && openid < 'o01500');
    for (const openid of unsubscribed) remarks.delete(openid);
    await sync();
    expect(await table()).toEqual(expected(unsubscribed));
  });

  it('do not change users about whom a push has come since', async () => {
    await sync();
    await followers.recordStatus(account, 'o_', true, new Date(now));
    await followers.recordStatus(account, 'o00001', false, new Date(now));
    await sync();
    const all = await table();
    expect(all.get('o_')).toMatchObject({ subscribed: true });
    expect(all.get('o00001')).toMatchObject({ subscribed: false });
    now += HOUR_MS;
    await sync();
    const later = await table();
    expect(later.get('o_')).toMatchObject({ subscribed: false });
    expect(later.get('o00001')).toMatchObject({ subscribed: true });
  });

  it('mark no user as unsubscribed before the sync is finished', async () => {
    await sync();
    now += HOUR_MS;
    remarks.delete('o00000');
    const { id } = (await syncs.start(account, true)).sync;
    let batches = 0;
    afterBatch = async () => {
      if (++batches === 60) await syncs.steer(id, 'cancelled', ['running']);
    };
    let result = await slice(id);
    while (result.outcome === 'goes_on') result = await slice(id);
    expect(result.outcome).toBe('taken_over');
    expect((await table()).get('o00000')).toMatchObject({ subscribed: true });
  });

  it('wait for a database that goes away while the next details are fetched, and the process lives', async () => {
    const { id } = (await syncs.start(account, true)).sync;
    // Vitest fails the run for a rejection without a handler by the time the next fetch is done.
    afterBatch = () => new Promise((resolve) => setImmediate(resolve));
    const lost = Object.assign(new Error('lost'), { code: 'ECONNRESET' });
    const away = { writeDetails: () => Promise.reject(lost) } as unknown as FollowerWriter;
    expect(await slice(id, { writer: away })).toMatchObject({ outcome: 'waits', code: 'database_away' });
    let result = await slice(id);
    while (result.outcome === 'goes_on') result = await slice(id);
    expect(await table()).toEqual(expected([]));
  });

  it('keep a follower whose details cannot be read as listed, and report how many', async () => {
    remarks = new Map(['a', 'b', 'c', 'd'].map((openid) => [openid, openid]));
    unreadable.add('b');
    await sync();
    const [done] = await syncs.list(account, 1);
    expect(done).toMatchObject({ state: 'completed', listed: 4, detailed: 4, withoutDetails: 1, error: null });
    const all = await table();
    expect(all.get('b')).toEqual({ subscribed: true, remark: null });
    expect(all.get('d')).toEqual({ subscribed: true, remark: 'd' });
  });

  it('keep what is known about a follower whose details cannot be read later', async () => {
    remarks = new Map([['a', 'known']]);
    await sync();
    now += HOUR_MS;
    unreadable.add('a');
    await sync();
    expect(await table()).toEqual(expected([]));
  });

  it.each([
    ['nothing but errcode 0', { errcode: 0, errmsg: 'ok' }],
    ['no data, but a count', { total: 12_000, count: 5_000, next_openid: 'o' }],
    ['null instead of data', { total: 12_000, data: null, next_openid: '' }],
  ])('mark no user as unsubscribed by a page of the list with %s', async (_, answer) => {
    remarks = new Map([['a', '']]);
    await sync();
    now += HOUR_MS;
    page = answer;
    const { id } = (await syncs.start(account, true)).sync;
    expect(await slice(id)).toMatchObject({ outcome: 'waits', code: 'wechat_broken_answer' });
    expect(await table()).toEqual(expected([]));
    page = undefined;
    await sync();
  });

  it('mark all users as unsubscribed by a list that is empty by its own count', async () => {
    remarks = new Map([['a', '']]);
    await sync();
    now += HOUR_MS;
    remarks.clear();
    page = { total: '0', count: 0, next_openid: '' };
    await sync();
    expect(await table()).toEqual(expected(['a']));
  });

  it('walk the whole table in the end where a process of an older version did a part of the details', async () => {
    await sync();
    now += HOUR_MS;
    const unsubscribed = ['o00000', 'o05000', 'o11999'];
    for (const openid of unsubscribed) remarks.delete(openid);
    const { id } = (await syncs.start(account, true)).sync;
    let batches = 0;
    afterBatch = async () => {
      // It counts the details that it writes, and does not compare the table.
      if (++batches !== 60) return;
      await database.sql
        .updateTable('follower_syncs')
        .set({ run: 100, looked: null, unlisted: null })
        .where('id', '=', id)
        .execute();
    };
    let result = await slice(id);
    while (result.outcome === 'goes_on' || result.outcome === 'taken_over') result = await slice(id);
    expect(batches).toBeGreaterThan(60);
    expect(result.outcome).toBe('completed');
    expect(await table()).toEqual(expected(unsubscribed));
  });
});
