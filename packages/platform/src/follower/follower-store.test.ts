import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { beijingDay } from '../beijing-time.ts';
import type { SqlValue } from '../database/statement.ts';
import type { FollowerFilter } from './follower.ts';
import { followerUpsert, pushDetail, pushListed } from './follower-row.ts';
import { FollowerStore } from './follower-store.ts';
import { FollowerWriter } from './follower-writer.ts';

const account = { component: 'wxc', appid: 'wxa' };
const nothing = { text: 'update follower_syncs set run = run where id = ?', parameters: ['none'] };
const at = (iso: string) => Date.parse(iso);

describe.each(databases)('followers on %s', (kind) => {
  let database: TestDatabase;
  let bulk: FollowerWriter;
  let store: FollowerStore;
  beforeAll(async () => {
    database = await startDatabase(kind);
    bulk = new FollowerWriter(database.url);
    store = new FollowerStore(database.sql, bulk);
  });
  afterAll(async () => {
    await bulk.close();
    await database.stop();
  });
  beforeEach(() => database.sql.deleteFrom('followers').execute());

  async function write(details: readonly Record<string, unknown>[], askedAt = Date.now(), of = account): Promise<void> {
    const values: SqlValue[] = [];
    for (const detail of details) pushDetail(values, of, detail, askedAt);
    expect(await bulk.write([followerUpsert(values, askedAt)])).toBe('done');
  }
  async function tellListed(openids: readonly string[], askedAt = Date.now()): Promise<void> {
    const values: SqlValue[] = [];
    for (const openid of openids) pushListed(values, account, openid);
    await bulk.write([followerUpsert(values, askedAt)]);
  }
  const all = async (filter: FollowerFilter = {}) => {
    const found = [];
    for await (const some of store.stream(account, filter)) found.push(...some);
    return found;
  };
  const only = async () => {
    const found = await all();
    expect(found).toHaveLength(1);
    return found[0]!;
  };
  const follows = (openid: string, more: object = {}) => ({
    openid,
    subscribe: 1,
    subscribe_time: 1_500_000_000,
    ...more,
  });

  it('keeps every field of WeChat, also unknown ones', async () => {
    await write([
      follows('oA', {
        ...{ unionid: 'u1', remark: '老\u0008王 🎉', tagid_list: [2, 134], subscribe_scene: 'ADD_SCENE_QR_CODE' },
        ...{ language: 'zh_CN', groupid: 0, qr_scene: '98765432109876543210', new_thing: { deep: [1] } },
      }),
    ]);
    expect(await only()).toEqual({
      openid: 'oA',
      subscribed: true,
      subscribedAt: new Date(1_500_000_000_000),
      unsubscribedAt: null,
      unionid: 'u1',
      remark: '老\u0008王 🎉',
      tagIds: [2, 134],
      scene: 'ADD_SCENE_QR_CODE',
      extra: { language: 'zh_CN', groupid: 0, qr_scene: '98765432109876543210', new_thing: { deep: [1] } },
    });
  });

  it('keeps what is odd or too long for its column, too', async () => {
    await write([follows('oA', { unionid: 'u'.repeat(65), subscribe_scene: 7, remark: null })]);
    expect(await only()).toMatchObject({
      unionid: null,
      scene: null,
      remark: null,
      extra: { unionid: 'u'.repeat(65), subscribe_scene: 7 },
    });
  });

  it.each([
    "o'Brien",
    'say "hi"',
    'back\\slash\\',
    'a ? and :before',
    "'); drop table followers; --",
    '\0\n\r\t\x1a%_',
    '`tick`',
  ])('keeps a remark as it was written: %j', async (remark) => {
    await write([follows('oA', { remark, note: remark })]);
    expect(await only()).toMatchObject({ remark, extra: { note: remark } });
  });

  it('keeps many at once as it keeps one', async () => {
    const odd = ["o'Brien", 'say "hi"', 'back\\slash\\', 'a ? and :before', '\0\n\r\t\x1a%_', '老王 🎉', ''];
    const users = (mark: string) =>
      Array.from({ length: 257 }, (_, i) => ({
        ...follows(`o${String(i).padStart(3, '0')}`, { tagid_list: i % 3 === 0 ? [i] : [], note: mark }),
        ...{ remark: `${mark}${odd[i % odd.length]}`, unionid: i % 2 === 0 ? `u${i}` : undefined },
        ...(i % 5 === 0 ? { subscribe: 0, subscribe_time: 0 } : {}),
      }));
    for (const mark of ['', 'again ']) {
      await write(users(mark), 1_000_000);
      expect(await all()).toMatchObject(
        users(mark).map(({ openid, subscribe, remark, unionid, tagid_list, note }: Record<string, unknown>) => ({
          ...{ openid, subscribed: subscribe === 1, remark, unionid: unionid ?? null, tagIds: tagid_list },
          extra: { note },
        })),
      );
    }
  });

  it('distinguishes openids by case', async () => {
    await write([follows('oab', { remark: 'small' }), follows('oAB', { remark: 'large' })]);
    await store.recordStatus(account, 'oAB', false, new Date());
    expect((await all()).map((f) => [f.openid, f.remark, f.subscribed])).toEqual([
      ['oAB', 'large', false],
      ['oab', 'small', true],
    ]);
  });

  it('lets a push win against a page that was asked for less than a minute later', async () => {
    const pushedAt = at('2026-11-22T10:00:00Z');
    await tellListed(['oA'], pushedAt - 500_000);
    await store.recordStatus(account, 'oA', false, new Date(pushedAt));
    await write([follows('oA', { remark: 'new' })], pushedAt + 60_000);
    expect(await only()).toMatchObject({ subscribed: false, unsubscribedAt: new Date(pushedAt), remark: 'new' });
    await write([follows('oA')], pushedAt + 60_001);
    expect(await only()).toMatchObject({ subscribed: true, unsubscribedAt: null });
  });

  it('lets only newer pushes change what a push has stored', async () => {
    await store.recordStatus(account, 'oA', true, new Date(2_000));
    await store.recordStatus(account, 'oA', false, new Date(1_000));
    expect(await only()).toMatchObject({ subscribed: true, subscribedAt: new Date(2_000), unsubscribedAt: null });
    await store.recordStatus(account, 'oA', false, new Date(3_000));
    expect(await only()).toMatchObject({
      subscribed: false,
      subscribedAt: new Date(2_000),
      unsubscribedAt: new Date(3_000),
    });
    await store.recordStatus(account, 'oA', true, new Date(4_000));
    expect(await only()).toMatchObject({ subscribed: true, subscribedAt: new Date(4_000), unsubscribedAt: null });
  });

  it('keeps the details of a user who has unsubscribed', async () => {
    await write([follows('oA', { remark: 'kept', tagid_list: [1] })], 1_000_000);
    await write([{ openid: 'oA', subscribe: 0 }], 2_000_000);
    expect(await only()).toMatchObject({
      ...{ subscribed: false, remark: 'kept', tagIds: [1] },
      unsubscribedAt: new Date(2_000_000),
    });
    await write([{ openid: 'oA', subscribe: 0 }], 3_000_000);
    expect(await only()).toMatchObject({ unsubscribedAt: new Date(2_000_000) });
  });

  it('keeps accounts and components apart', async () => {
    await write([follows('oA')]);
    await write([follows('oA')], Date.now(), { component: 'wxd', appid: 'wxa' });
    await write([follows('oB')], Date.now(), { component: 'wxc', appid: 'wxb' });
    expect(await only()).toMatchObject({ openid: 'oA' });
    expect(await store.counts({ component: 'wxc', appid: 'wxb' })).toEqual({
      total: 1,
      subscribed: 1,
      unsubscribed: 0,
    });
  });

  it('lists pages that stay where they are while others write, and finds few among many', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) =>
      follows(`o${String(i).padStart(5, '0')}`, {
        tagid_list: i % 2_000 === 1_999 ? [7, 77] : [77],
        subscribe_scene: i === 4_321 ? 'ADD_SCENE_WXA' : 'ADD_SCENE_SEARCH',
        subscribe_time: 1_500_000_000 + i,
      }),
    );
    await write(many);
    const first = await store.list(account, {}, '', 100);
    await store.recordStatus(account, 'o00000a', true, new Date());
    const second = await store.list(account, {}, first.at(-1)!.openid, 100);
    expect([...first, ...second].map((f) => f.openid)).toEqual(many.slice(0, 200).map((f) => f.openid));
    expect((await store.list(account, { tag: 7 }, '', 100)).map((f) => f.openid)).toEqual(['o01999', 'o03999']);
    expect(await store.list(account, { scene: 'ADD_SCENE_WXA' }, '', 1)).toMatchObject([{ openid: 'o04321' }]);
    expect(await store.list(account, { since: new Date(1_500_004_998_000) }, '', 10)).toHaveLength(3);
    expect(await store.list(account, { subscribed: false }, '', 10)).toEqual([]);
    expect(await all()).toHaveLength(5_001);
    expect(await store.counts(account)).toEqual({ total: 5_001, subscribed: 5_001, unsubscribed: 0 });
  });

  it('counts the growth by days in Beijing', async () => {
    await store.recordStatus(account, 'oA', true, new Date('2026-11-20T15:59:59Z'));
    await store.recordStatus(account, 'oB', true, new Date('2026-11-20T16:00:00Z'));
    await store.recordStatus(account, 'oC', true, new Date('2026-11-21T01:00:00Z'));
    await store.recordStatus(account, 'oC', false, new Date('2026-11-22T01:00:00Z'));
    const day = beijingDay(at('2026-11-20T00:00:00Z'));
    expect(await store.growth(account, day, day + 2)).toEqual([
      { day: '2026-11-20', subscribed: 1, unsubscribed: 0 },
      { day: '2026-11-21', subscribed: 2, unsubscribed: 0 },
      { day: '2026-11-22', subscribed: 0, unsubscribed: 1 },
    ]);
  });

  it('parses answers of WeChat outside the main thread, and reports which it cannot parse', async () => {
    const write = (text: string) =>
      bulk
        .writeDetails(nothing, {
          ...{ account, values: [], askedAt: 5, ifUnlisted: nothing },
          range: { after: '', upTo: undefined, listedAt: 0 },
          answers: [{ openids: 'oA\noB', body: Buffer.from(text), askedAt: 5 }],
        })
        .then(({ result }) => result);
    expect(await write('{"user_info_list":[{"subscribe":1,"openid":"oA","remark":"read","x":1}]}')).toBe('done');
    expect((await all()).map((f) => [f.openid, f.remark, f.extra])).toEqual([
      ['oA', 'read', { x: 1 }],
      ['oB', null, {}],
    ]);
    const before = await all();
    expect(await write('{"user_info_list":[{"subscribe":1,"openid":"oA","rema')).toBe('unreadable');
    expect(await write('{"user_info_list":[{"openid":"oA","remark":"\u0008"}]}')).toBe('unreadable');
    expect(await write('{"user_info_list":[{"openid":"oA","x":98765432109876543210}]}')).toBe('unreadable');
    expect(await all()).toEqual(before);
  });

  it('writes all or nothing', async () => {
    const values: SqlValue[] = [];
    pushListed(values, account, 'oA');
    const undone = await bulk.write([
      followerUpsert(values, 0),
      { text: 'update followers set subscribed = 0 where openid = ?', parameters: ['unknown'], orUndo: true },
    ]);
    expect(undone).toBe('undone');
    expect(await all()).toEqual([]);
    await expect(bulk.write([followerUpsert(values, 0), { text: 'nonsense', parameters: [] }])).rejects.toThrow();
    expect(await all()).toEqual([]);
  });
});
