import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateOpen } from '../src/database/migrate.ts';
import { openDatabase, type Sql } from '../src/database/open.ts';

export interface TestDatabase {
  readonly url: string;
  readonly sql: Sql;
  stop(): Promise<void>;
}

/** A migrated database of its own in a folder of its own. */
export async function startDatabase(): Promise<TestDatabase> {
  const dir = mkdtempSync(join(tmpdir(), 'wxthirdparty-sql-'));
  const url = `sqlite:${join(dir, 'test.sqlite')}`;
  const sql = openDatabase(url);
  await migrateOpen(sql);
  return {
    url,
    sql,
    async stop() {
      await sql.destroy();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
