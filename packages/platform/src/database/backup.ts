import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { Failure } from '@wxthirdparty/wechat';
import { sqlitePath } from './sqlite-path.ts';

/** All in one step: SQLite restarts a copy after a write between two steps, and here there is always a write. */
const PAGES = 2 ** 31 - 1;

/**
 * Copies the SQLite database, as it is at this moment, into a new file; concurrent writes do not wait.
 * Returns the file's size in bytes. Secrets in it stay sealed.
 */
export async function backupDatabase(databaseUrl: string, file: string): Promise<number> {
  const path = sqlitePath(databaseUrl);
  if (path === undefined) {
    throw new Failure(
      'not_sqlite',
      'fix-request',
      'Only SQLite is copied to a file; MySQL and MariaDB have tools of their own.',
    );
  }
  if (!existsSync(path)) throw new Failure('no_database', 'operator', `There is no database ${path} to copy.`);
  if (existsSync(file)) {
    throw new Failure('file_exists', 'fix-request', `${file} exists already; choose another name or remove it.`);
  }
  // Under another name until it is complete, so that an incomplete copy is not mistaken for a backup.
  const part = `${file}.part`;
  const source = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    await backup(source, part, { rate: PAGES });
    chmodSync(part, 0o600);
    const bytes = finish(part);
    renameSync(part, file);
    return bytes;
  } catch (cause) {
    for (const unfinished of [part, `${part}-wal`, `${part}-shm`, `${part}-journal`])
      rmSync(unfinished, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('backup_failed', 'operator', `The database could not be copied to ${file}: ${why}.`, { cause });
  } finally {
    source.close();
  }
}

/** Makes it one file that needs no other beside it, and checks all of it. */
function finish(part: string): number {
  const copy = new DatabaseSync(part);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
    const { quick_check: found } = copy.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    if (found !== 'ok') throw new Error(`the copy is damaged (${found})`);
    const { bytes } = copy
      .prepare('select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()')
      .get() as { bytes: number };
    return bytes;
  } finally {
    copy.close();
  }
}
