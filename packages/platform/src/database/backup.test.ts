import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { backupDatabase } from './backup.ts';
import { openDatabase } from './open.ts';

let folder: string;
let database: TestDatabase;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wxthirdparty-backup-'));
  database = await startDatabase('SQLite');
});
afterEach(async () => {
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
});

const add = async (from: number, count: number) => {
  const rows = Array.from({ length: count }, (_, i) => ({ appid: `wx${from + i}`, ticket_sealed: 'x'.repeat(300) }));
  await database.sql
    .insertInto('components')
    .values(rows as never)
    .execute();
};

it('a database is copied while it is written', async () => {
  for (let from = 0; from < 20_000; from += 1_000) await add(from, 1_000);
  const file = join(folder, 'copy.sqlite');
  let going = true;
  const writing = (async () => {
    for (let from = 20_000; going; from += 50) {
      await add(from, 50);
      // The statements are synchronous; the end of the copy needs the event loop.
      await new Promise(setImmediate);
    }
  })();
  const bytes = await backupDatabase(database.url, file);
  going = false;
  await writing;
  expect(bytes).toBe(statSync(file).size);
  expect(readdirSync(folder)).toEqual(['copy.sqlite']);
  expect(statSync(file).mode & 0o077).toBe(0);
  const copy = openDatabase(`sqlite:${file}`);
  const { count } = await copy
    .selectFrom('components')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  // Each write was one statement of fifty.
  expect(count).toBeGreaterThanOrEqual(20_000);
  expect(count % 50).toBe(0);
  await copy.destroy();
});

it('a backup never overwrites a file, and removes an unfinished copy', async () => {
  const file = join(folder, 'there');
  writeFileSync(file, 'mine');
  await expect(backupDatabase(database.url, file)).rejects.toMatchObject({ code: 'file_exists' });
  const nowhere = join(folder, 'no', 'such', 'folder');
  await expect(backupDatabase(database.url, nowhere)).rejects.toMatchObject({ code: 'backup_failed' });
  await expect(backupDatabase(`sqlite:${folder}/none`, join(folder, 'x'))).rejects.toMatchObject({
    code: 'no_database',
  });
  expect(existsSync(`${folder}/none`)).toBe(false);
});

it('MySQL is refused', async () => {
  await expect(backupDatabase('mysql://a:secret@b/c', '/x')).rejects.toMatchObject({ code: 'not_sqlite' });
});
