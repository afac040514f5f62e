import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { migrateOpen } from '../src/database/migrate.ts';
import { openDatabase, type Sql } from '../src/database/open.ts';
import './mariadb-for-all.ts';

/** What a store's suite runs on: `describe.each(databases)('… on %s', (kind) => …)`. */
export const databases = ['SQLite', 'MariaDB'] as const;
export type DatabaseKind = (typeof databases)[number];

export interface TestDatabase {
  readonly url: string;
  readonly sql: Sql;
  stop(): Promise<void>;
}

/** A migrated database of its own. */
export async function startDatabase(kind: DatabaseKind = 'SQLite'): Promise<TestDatabase> {
  const { url, remove } = await emptyDatabase(kind);
  const sql = openDatabase(url);
  await migrateOpen(sql);
  return {
    url,
    sql,
    async stop() {
      await sql.destroy();
      await remove();
    },
  };
}

/** A database that is still empty. */
export async function emptyDatabase(kind: DatabaseKind): Promise<{ url: string; remove(): Promise<void> }> {
  if (kind === 'SQLite') {
    const dir = mkdtempSync(join(tmpdir(), 'wxthirdparty-sql-'));
    const url = `sqlite:${join(dir, 'deep', 'test.sqlite')}`;
    return { url, remove: async () => rmSync(dir, { recursive: true, force: true }) };
  }
  const answer = await fetch(inject('mariaDbDatabases'), { method: 'POST' });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  // It goes with the whole server.
  return { url: text, remove: async () => {} };
}
