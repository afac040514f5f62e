import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { migrateOpen } from './migrate.ts';
import { openDatabase, type Sql } from './open.ts';
import { repeat } from './repeat.ts';
import { inTransaction } from './transaction.ts';

let dir: string;
let db: Sql;
/** For SQLite's locks the same as a connection of another process. */
let other: DatabaseSync;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-sqlite-'));
  db = openDatabase(`sqlite:${join(dir, 'db.sqlite')}`);
  await migrateOpen(db);
  other = new DatabaseSync(join(dir, 'db.sqlite'));
});
afterEach(async () => {
  other.close();
  await db.destroy();
  await rm(dir, { recursive: true, force: true });
});

const write = (on: Sql, appid: string) => on.insertInto('components').values({ appid }).execute();
const count = async () => (await db.selectFrom('components').select('appid').execute()).length;

const writers: [string, () => Promise<unknown>][] = [
  ['a statement', () => write(db, 'wx1')],
  ['a transaction', () => inTransaction(db, (transaction) => write(transaction, 'wx1'))],
  [
    'a transaction that reads first',
    () =>
      repeat(() =>
        inTransaction(db, async (transaction) => {
          await transaction.selectFrom('components').selectAll().execute();
          await write(transaction, 'wx1');
        }),
      ),
  ],
];

it.each([
  ['new', undefined],
  ['made by an older version', 0o644],
])('a file that is %s is readable by its owner only, and so are the files beside it', async (_, mode) => {
  const path = join(dir, 'made', 'by-any-command.sqlite');
  if (mode !== undefined) {
    await mkdir(join(dir, 'made'));
    await writeFile(path, '', { mode });
  }
  const opened = openDatabase(`sqlite:${path}`);
  await migrateOpen(opened);
  const modes = await Promise.all(['', '-wal', '-shm'].map(async (end) => (await stat(path + end)).mode & 0o777));
  expect(modes).toEqual([0o600, 0o600, 0o600]);
  if (mode === undefined) expect((await stat(join(dir, 'made'))).mode & 0o777).toBe(0o700);
  await opened.destroy();
});

it('no statement waits for a lock inside SQLite, where it would block the event loop', async () => {
  const { rows } = await sql<{ timeout: number }>`pragma busy_timeout`.execute(db);
  expect(rows).toEqual([{ timeout: 0 }]);
});

it.each(writers)(
  '%s waits for the lock of another process, while reads continue, and succeeds after it',
  async (_, start) => {
    other.exec('BEGIN IMMEDIATE');
    let over = false;
    const writing = start().finally(() => {
      over = true;
    });
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(await count()).toBe(0);
    }
    expect(over).toBe(false);
    other.exec('COMMIT');
    await writing;
    expect(await count()).toBe(1);
  },
);

it('a statement fails with a retryable error if a lock is never released', async () => {
  other.exec('BEGIN IMMEDIATE');
  await expect(write(db, 'wx1')).rejects.toMatchObject({ code: 'ERR_SQLITE_ERROR', errcode: 5 });
  other.exec('ROLLBACK');
  await write(db, 'wx1');
});

it('a migration waits for the lock of another process', async () => {
  const late = openDatabase(`sqlite:${join(dir, 'db.sqlite')}`);
  other.exec('BEGIN IMMEDIATE');
  let over = false;
  const migrating = migrateOpen(late).finally(() => {
    over = true;
  });
  await Promise.race([migrating, pause(300)]);
  expect(over).toBe(false);
  other.exec('COMMIT');
  expect(await migrating).toEqual([]);
  await late.destroy();
});
