import { migrateOpen } from '../../packages/platform/src/database/migrate.ts';
import { openDatabase, type Sql } from '../../packages/platform/src/database/open.ts';

export async function openMigrated(url: string): Promise<Sql> {
  const sql = openDatabase(url);
  await migrateOpen(sql);
  return sql;
}
