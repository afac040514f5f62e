import type { BulkDatabase } from './bulk.ts';

/** Loads only what this database needs, so that a writer thread stays small. */
export async function openBulk(databaseUrl: string): Promise<BulkDatabase> {
  if (databaseUrl.startsWith('mysql:')) return (await import('./mysql-bulk.ts')).openMysqlBulk(databaseUrl);
  return (await import('./sqlite-bulk.ts')).openSqliteBulk(databaseUrl.slice('sqlite:'.length));
}
