import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import type { BulkDatabase } from '../database/bulk.ts';
import { openBulk } from '../database/open-bulk.ts';
import type { SqlValue } from '../database/statement.ts';
import { diffRange } from './diff-range.ts';
import { followerUpsert, pushDetail, pushListed, ROW, wouldChange } from './follower-row.ts';
import { FollowerStore } from './follower-store.ts';

const account = { component: 'wxc', appid: 'wxa' };
const ASKED_AT = 1_700_000_000_000;
const everything = { after: '', upTo: undefined, listedAt: ASKED_AT };

describe.each(databases)('a comparison with the table on %s', (kind) => {
  let database: TestDatabase;
  let bulk: BulkDatabase;
  beforeAll(async () => {
    database = await startDatabase(kind);
    bulk = await openBulk(database.url, { durable: false });
  });
  afterAll(async () => {
    await bulk.close();
    await database.stop();
  });
  beforeEach(() => database.sql.deleteFrom('followers').execute());

  const person = (openid: string, more: object = {}) => ({
    ...{ subscribe: 1, openid, subscribe_time: 1_500_000_000, remark: '老王 🎉', tagid_list: [2, 134] },
    ...{ unionid: `u${openid}`, subscribe_scene: 'ADD_SCENE_QR_CODE', language: 'zh_CN', ...more },
  });
  const rows = (...details: Record<string, unknown>[]) => {
    const values: SqlValue[] = [];
    for (const detail of details) pushDetail(values, account, detail, ASKED_AT);
    return values;
  };
  const openidsOf = (values: readonly SqlValue[]) => values.filter((_, i) => i % ROW.width === ROW.openid);
  const write = (values: readonly SqlValue[]) => bulk.write([followerUpsert(values, ASKED_AT)]);
  const compare = (values: readonly SqlValue[], range: typeof everything | object = {}) =>
    diffRange(bulk, account, values, ASKED_AT, { ...everything, ...range });

  it('finds all of the first sync new, and nothing of the next', async () => {
    const values = rows(...Array.from({ length: 2_500 }, (_, i) => person(`o${String(i).padStart(4, '0')}`)));
    expect((await compare(values)).news).toEqual(values);
    await write(values);
    expect(await compare(values)).toEqual({ news: [], unlisted: false });
  });

  it.each([
    { remark: '老王' },
    { tagid_list: [134, 2] },
    { unionid: 'other' },
    { subscribe_scene: 'ADD_SCENE_WXA' },
    { subscribe_time: 1_500_000_001 },
    { subscribe: 0 },
    { language: 'en' },
    { nobody_knows_yet: 1 },
  ])('finds what has changed: %j', async (change) => {
    await write(rows(person('oA'), person('oB'), person('oC')));
    expect(openidsOf((await compare(rows(person('oA'), person('oB', change), person('oC')))).news)).toEqual(['oB']);
  });

  it('takes a push for what was there last', async () => {
    await write(rows(person('oA'), person('oB')));
    const store = new FollowerStore(database.sql, bulk);
    // A minute before the page was asked for, and just less: only the first push gives way.
    await store.recordStatus(account, 'oA', false, new Date(ASKED_AT - 60_001));
    await store.recordStatus(account, 'oB', false, new Date(ASKED_AT - 60_000));
    expect(openidsOf((await compare(rows(person('oA'), person('oB')))).news)).toEqual(['oA']);
  });

  it('reports whether the range has a follower who was not listed, unless a later push subscribed that user', async () => {
    const there = ['oA', 'oB', 'oC', 'oD'].map((openid) => person(openid));
    await write(rows(...there));
    const store = new FollowerStore(database.sql, bulk);
    expect((await compare(rows(there[0]!, there[1]!, there[2]!))).unlisted).toBe(true);
    expect((await compare(rows(there[1]!), { after: 'oA', upTo: 'oB' })).unlisted).toBe(false);
    expect((await compare(rows(), { after: 'oD' })).unlisted).toBe(false);
    expect((await compare(rows(), { after: 'oC', upTo: 'oD' })).unlisted).toBe(true);
    await store.recordStatus(account, 'oD', true, new Date(ASKED_AT - 60_000));
    expect((await compare(rows(), { after: 'oC', upTo: 'oD' })).unlisted).toBe(false);
    await store.recordStatus(account, 'oC', false, new Date(ASKED_AT - 100_000));
    expect((await compare(rows(), { after: 'oB', upTo: 'oC' })).unlisted).toBe(false);
  });

  it('decides for each row whether the database would change it', async () => {
    // Every third of all combinations of a stored and a received row.
    const before = ASKED_AT - 60_000;
    const known = [
      ...[before - 1, before].flatMap((status_at) => [
        { subscribed: 1, status_at, subscribed_at: 5_000, unsubscribed_at: null },
        { subscribed: 1, status_at, subscribed_at: null, unsubscribed_at: null },
        { subscribed: 0, status_at, subscribed_at: 5_000, unsubscribed_at: 7_000 },
        { subscribed: 0, status_at, subscribed_at: null, unsubscribed_at: null },
        { subscribed: 1, status_at, subscribed_at: 5_000, unsubscribed_at: 7_000 },
      ]),
    ].flatMap((row) => [
      { ...row, unionid: null, remark: null, tag_ids: null, scene: null, extra: null },
      { ...row, unionid: 'u', remark: '', tag_ids: ',', scene: 's', extra: '{}' },
    ]);
    const received = [
      (values: SqlValue[], openid: string) => pushListed(values, account, openid),
      ...[{ subscribe: 0 }, { subscribe: 0, unionid: 'u' }, { subscribe: 0, groupid: 1 }, { subscribe: 1 }]
        .flatMap((one) => [one, { ...one, subscribe_time: 5 }, { ...one, subscribe_time: 6 }])
        .flatMap((one) => [one, { ...one, unionid: 'u', remark: '', tagid_list: [], subscribe_scene: 's' }])
        .map((one) => (values: SqlValue[], openid: string) => {
          pushDetail(values, account, { openid, ...one }, ASKED_AT);
        }),
    ];
    const pairs = known.flatMap((row) => received.map((push) => ({ row, push })));
    const openids = pairs.map((_, i) => `o${String(i).padStart(4, '0')}`);
    await database.sql
      .insertInto('followers')
      .values(pairs.map(({ row }, i) => ({ ...account, openid: openids[i]!, ...row })))
      .execute();
    const values: SqlValue[] = [];
    for (const [i, { push }] of pairs.entries()) push(values, openids[i]!);
    const all = () => database.sql.selectFrom('followers').selectAll().orderBy('openid').execute();
    const was = await all();
    const decided = was.map((row, i) => wouldChange(row, values, i * ROW.width, ASKED_AT));
    await write(values);
    const is = await all();
    expect(decided).toEqual(was.map((row, i) => JSON.stringify(row) !== JSON.stringify(is[i])));
    expect(new Set(decided).size).toBe(2);
    expect(await compare(values)).toMatchObject({ news: [] });
  });
});
