import type { BulkDatabase } from './bulk.ts';

/** Loads what the database needs and no more: a thread that writes shall be small. */
export async function openBulk(databaseUrl: string): Promise<BulkDatabase> {
  if (databaseUrl.startsWith('mysql:')) return (await import('./mysql-bulk.ts')).openMysqlBulk(databaseUrl);
  return (await import('./sqlite-bulk.ts')).openSqliteBulk(databaseUrl.slice('sqlite:'.length));
}
