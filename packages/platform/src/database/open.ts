import { Failure } from '@wxthirdparty/wechat';
import { Kysely } from 'kysely';
import { type MysqlOptions, mysqlDialect } from './mysql.ts';
import { retryingDialect } from './retrying-dialect.ts';
import type { Database } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';
import { sqlitePath } from './sqlite-path.ts';

export type Sql = Kysely<Database>;

/** `databaseUrl`: `sqlite:/absolute/path` or `mysql://user:password@host:port/database`. SQLite has one connection. */
export function openDatabase(databaseUrl: string, options: MysqlOptions = {}): Sql {
  const path = sqlitePath(databaseUrl);
  if (path) return new Kysely<Database>({ dialect: retryingDialect(sqliteDialect(path, options.gate)) });
  if (databaseUrl.startsWith('mysql://')) {
    return new Kysely<Database>({ dialect: retryingDialect(mysqlDialect(databaseUrl, options)) });
  }
  throw new Failure(
    'unsupported_database_url',
    'operator',
    'DATABASE_URL must be sqlite: followed by an absolute path, or mysql://user:password@host/database.',
  );
}
