import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databases, emptyDatabase } from '../../test/database.ts';
import { newRow } from '../follower/follower-sync-store.ts';
import { ddl } from './ddl.ts';
import { migrate, migrateOpen, migrateTo, migrationNames, SCHEMA_VERSION } from './migrate.ts';
import * as deployment from './migrations/0006-deployment.ts';
import { openDatabase, type Sql } from './open.ts';
import type { FollowerSyncRow } from './schema.ts';

describe.each(databases)('migrations on %s', (kind) => {
  let url: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ url, remove } = await emptyDatabase(kind));
  });
  afterEach(() => remove());

  async function open<T>(work: (db: Sql) => Promise<T>): Promise<T> {
    const db = openDatabase(url);
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  }

  it('run once', async () => {
    expect(await migrate(url)).toContain('0001-first');
    expect(await migrate(url)).toEqual([]);
  });

  it('run in one of several processes that start at the same time', async () => {
    const module = fileURLToPath(new URL('./migrate.ts', import.meta.url));
    const script = `import { migrate } from ${JSON.stringify(module)}; console.log(JSON.stringify(await migrate(process.argv[1])));`;
    const runs = await Promise.all(
      Array.from({ length: 4 }, () =>
        promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, url]),
      ),
    );
    const applied = runs.map(({ stdout }) => (JSON.parse(stdout) as string[]).length);
    expect(applied.filter((count) => count > 0)).toHaveLength(1);
  });

  it('update the first schema, and keep its rows', async () => {
    const before = {
      appid: 'wxc',
      ticket_sealed: 'sealed',
      ticket_create_time: 1_700_000_000_000,
      ticket_received_at: 1,
    };
    const account = { ...{ component: 'wxc', appid: 'wxa', nick_name: '演示 🎉', state: 'active', scopes: '[1]' } };
    const rest = { handle: 'h', refresh_token_sealed: 'sealed', authorized_at: 1_700_000_000_000, updated_at: 2 };
    await open(async (db) => {
      expect(await migrateOpen(db, '0001-first')).toEqual(['0001-first']);
      await db.insertInto('components').values(before).execute();
      await db
        .insertInto('authorizers')
        .values({ ...account, ...rest })
        .execute();
    });
    await migrate(url);
    await open(async (db) => {
      expect(await db.selectFrom('components').selectAll().execute()).toMatchObject([before]);
      expect(await db.selectFrom('authorizers').selectAll().execute()).toMatchObject([{ ...account, ...rest }]);
    });
    expect(await migrate(url)).toEqual([]);
  });

  it('keep a running sync usable, by processes of the previous version, too', async () => {
    const { looked, unlisted, without_details, ...old } = newRow({ component: 'wxc', appid: 'wxa' }, true, 1);
    await open((db) => migrateOpen(db, '0004-api-keys'));
    await open((db) =>
      db
        .insertInto('follower_syncs')
        .values(old as FollowerSyncRow)
        .execute(),
    );
    await migrate(url);
    await open(async (db) => {
      const older = { ...old, id: 'by the older one', active_key: null };
      await db
        .insertInto('follower_syncs')
        .values(older as FollowerSyncRow)
        .execute();
      const rows = await db.selectFrom('follower_syncs').selectAll().execute();
      expect(rows).toHaveLength(2);
      for (const row of rows) expect(row).toMatchObject({ state: 'queued', looked: null, unlisted: null });
    });
  });

  it('run again after a process died while it ran them', async () => {
    await migrate(url);
    await open((db) => sql`delete from kysely_migration`.execute(db));
    if (kind === 'SQLite') return;
    // As on MySQL, where each finished step remains although the migration was not finished.
    expect(await migrate(url)).toContain('0001-first');
  });
});

it('an error names the file that cannot be opened', async () => {
  const { url, remove } = await emptyDatabase('SQLite');
  await migrate(url);
  // A file is where a folder is needed.
  const db = openDatabase(`${url}/x.sqlite`);
  await expect(db.selectFrom('components').selectAll().execute()).rejects.toThrow('test.sqlite/x.sqlite');
  await remove();
});

it('an error about a database URL names DATABASE_URL', () => {
  expect(() => openDatabase('postgres://x')).toThrow('DATABASE_URL');
  expect(() => openDatabase('mysql://%')).toThrow('DATABASE_URL');
});

it('the registry of migrations names every file of the folder, in the order of their numbers', () => {
  const files = readdirSync(new URL('./migrations/', import.meta.url)).map((file) => file.replace(/\.ts$/, ''));
  expect(migrationNames).toEqual(files.toSorted());
  expect(SCHEMA_VERSION).toBe(files.length);
});

describe.each(databases)('a database that a newer version has migrated, on %s', (kind) => {
  let url: string;
  let db: Sql;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ url, remove } = await emptyDatabase(kind));
    db = openDatabase(url);
  });
  afterEach(async () => {
    await db.destroy();
    await remove();
  });

  const mine = { '0006-deployment': deployment };
  const next = {
    ...mine,
    '0007-next': { up: (on: Kysely<unknown>) => ddl(on).addColumn('components', 'new_column', ddl(on).whole) },
  };

  it('is accepted by a program of the previous version, which changes nothing in it', async () => {
    await migrateTo(db, { later: next, floor: 5 });
    expect(await migrateTo(db, { later: mine, floor: 5 })).toEqual([]);
    expect(await migrateTo(db, { later: next, floor: 5 })).toEqual([]);
  });

  it('is accepted by programs whose migrator knows the first migrations only', async () => {
    await migrateTo(db, { later: next, floor: 5 });
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    expect(rows.map(({ name }) => name).toSorted()).toEqual(migrationNames.slice(0, 5));
  });

  it('is refused by a program below its floor, with advice, and by no other program', async () => {
    await migrateTo(db, { later: next, floor: 7 });
    await expect(migrateTo(db, { later: mine, floor: 5 })).rejects.toMatchObject({
      code: 'program_too_old',
      message: expect.stringMatching(/0007-next.*schema version 6.*Start the newer version/),
    });
    expect(await migrateTo(db, { later: next, floor: 5 })).toEqual([]);
    expect(await db.selectFrom('schema_floor').select('version').executeTakeFirst()).toMatchObject({ version: 7 });
  });

  it('is refused by a program with a migration that the database lacks', async () => {
    await migrateTo(db, { later: next, floor: 5 });
    const other = { ...mine, '0006-other': { up: async () => {} } };
    await expect(migrateTo(db, { later: other, floor: 5 })).rejects.toMatchObject({ code: 'program_too_old' });
  });
});
