import type { BulkDatabase } from './bulk.ts';
import type { SqliteBulkOptions } from './sqlite-bulk.ts';

/** Loads only what this database needs, so that a writer thread stays small. MySQL is as durable as its server. */
export async function openBulk(databaseUrl: string, options: SqliteBulkOptions): Promise<BulkDatabase> {
  if (databaseUrl.startsWith('mysql:')) return (await import('./mysql-bulk.ts')).openMysqlBulk(databaseUrl);
  return (await import('./sqlite-bulk.ts')).openSqliteBulk(databaseUrl.slice('sqlite:'.length), options);
}
