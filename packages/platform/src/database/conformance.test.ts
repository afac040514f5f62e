import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { insertUnlessThere } from './insert-unless-there.ts';
import { isDuplicate } from './sql-error.ts';

/** What all stores assume of the database. */
describe.each(databases)('%s', (kind) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startDatabase(kind);
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    await database.sql.deleteFrom('authorizers').execute();
    await database.sql.deleteFrom('components').execute();
  });

  const account = (appid: string, more: object = {}) => ({
    component: 'wxc',
    appid,
    state: 'active',
    scopes: '[]',
    handle: `handle of ${appid}`,
    authorized_at: 1,
    updated_at: 1,
    ...more,
  });
  const add = (appid: string, more: object = {}) =>
    database.sql.insertInto('authorizers').values(account(appid, more)).execute();
  const appids = async () => {
    const rows = await database.sql.selectFrom('authorizers').select('appid').orderBy('appid').execute();
    return rows.map((row) => row.appid);
  };

  it('distinguishes ids by case, and orders them byte by byte', async () => {
    for (const appid of ['wxb', 'wxB', 'wx_', 'wxa']) await add(appid);
    expect(await appids()).toEqual(['wxB', 'wx_', 'wxa', 'wxb']);
    const found = await database.sql.selectFrom('authorizers').select('handle').where('appid', '=', 'wxB').execute();
    expect(found).toEqual([{ handle: 'handle of wxB' }]);
    await expect(add('wxa', { handle: 'another' })).rejects.toSatisfy(isDuplicate);
    await expect(add('wxz', { handle: 'handle of wxb' })).rejects.toSatisfy(isDuplicate);
  });

  it.each(['微信', 'wx微', "wx' or '1'='1", 'wx\\', 'wx"', 'wx\0', '🎉'])('finds no row by the id %j', async (id) => {
    await add('wx');
    const found = database.sql.selectFrom('authorizers').selectAll().where('appid', '=', id);
    expect(await found.execute()).toEqual([]);
  });

  it('keeps text unchanged', async () => {
    const name = `演示 🎉 'quoted' "twice" \\ back\\'slash\n `;
    await add('wx', { nick_name: name });
    const [row] = await database.sql.selectFrom('authorizers').selectAll().where('nick_name', '=', name).execute();
    expect(row?.nick_name).toBe(name);
  });

  it('returns numbers as numbers, also counts and sums', async () => {
    await add('wx', { authorized_at: 1_763_856_000_123, used_at: Number.MAX_SAFE_INTEGER });
    const row = await database.sql
      .selectFrom('authorizers')
      .select(['authorized_at', 'used_at', 'grant_version'])
      .select(({ fn }) => [fn.countAll<number>().as('all'), fn.sum<number>('authorized_at').as('sum')])
      .groupBy(['authorized_at', 'used_at', 'grant_version'])
      .executeTakeFirstOrThrow();
    expect(row).toEqual({
      authorized_at: 1_763_856_000_123,
      used_at: Number.MAX_SAFE_INTEGER,
      grant_version: 1,
      all: 1,
      sum: 1_763_856_000_123,
    });
  });

  it('counts the rows that a compare-and-set found, even if it changed nothing in them', async () => {
    await add('wx');
    const set = (version: number) =>
      database.sql
        .updateTable('authorizers')
        .set({ state: 'active' })
        .where('appid', '=', 'wx')
        .where('grant_version', '=', version)
        .executeTakeFirst();
    expect((await set(1)).numUpdatedRows).toBe(1n);
    expect((await set(2)).numUpdatedRows).toBe(0n);
  });

  it('lets exactly one of many concurrent inserts succeed', async () => {
    const first = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        insertUnlessThere(database.sql.insertInto('authorizers').values(account('wx', { handle: `h${i}` }))),
      ),
    );
    expect(first.filter((was) => was)).toHaveLength(1);
    await expect(
      insertUnlessThere({ execute: () => sql`insert into nowhere values (1)`.execute(database.sql) }),
    ).rejects.toThrow();
  });

  it('undoes a whole transaction', async () => {
    await expect(
      database.sql.transaction().execute(async (transaction) => {
        await transaction.insertInto('authorizers').values(account('wx1')).execute();
        throw new Error('cut');
      }),
    ).rejects.toThrow('cut');
    expect(await appids()).toEqual([]);
  });
});

describe('MariaDB alone', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startDatabase('MariaDB');
  });
  afterAll(() => database.stop());

  it('refuses a value that does not fit, instead of cutting it, whatever the server is configured to do', async () => {
    const insert = (appid: string) =>
      database.sql
        .insertInto('components')
        .values({ appid } as never)
        .execute();
    await expect(insert('x'.repeat(65))).rejects.toThrow('Data too long');
  });

  it('finds ids by their index', async () => {
    const account = {
      component: 'c',
      appid: 'wx',
      handle: 'h',
      state: 'active',
      scopes: '[]',
      authorized_at: 1,
      updated_at: 1,
    };
    await database.sql.insertInto('authorizers').values(account).execute();
    const { rows } = await sql<{
      key: string;
    }>`explain select * from authorizers where appid = 'wx' and component = 'c'`.execute(database.sql);
    expect(rows[0]?.key).toBe('PRIMARY');
  });
});
