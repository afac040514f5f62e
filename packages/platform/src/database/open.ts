import { Failure } from '@wxthirdparty/wechat';
import { type Dialect, Kysely } from 'kysely';
import { type MysqlOptions, mysqlDialect } from './mysql.ts';
import { retryingDialect } from './retrying-dialect.ts';
import type { Database } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';
import { sqlitePath } from './sqlite-path.ts';

export type Sql = Kysely<Database>;

export interface DatabaseOptions extends MysqlOptions {
  /** How long a statement is tried again after a lost connection or a lock; 5 s by default. */
  readonly retryTimeoutMs?: number;
  /** Receives the text of each statement that was sent; for tests. */
  readonly recordStatement?: (text: string) => void;
}

/** `databaseUrl`: `sqlite:/absolute/path` or `mysql://user:password@host:port/database`. SQLite has one connection. */
export function openDatabase(databaseUrl: string, options: DatabaseOptions = {}): Sql {
  const dialect = dialectFor(databaseUrl, options);
  const { recordStatement } = options;
  return new Kysely<Database>({
    dialect: retryingDialect(dialect, options.retryTimeoutMs),
    ...(recordStatement ? { log: ({ query }) => recordStatement(query.sql) } : {}),
  });
}

function dialectFor(databaseUrl: string, options: DatabaseOptions): Dialect {
  const path = sqlitePath(databaseUrl);
  if (path) return sqliteDialect(path, options.gate);
  if (databaseUrl.startsWith('mysql://')) return mysqlDialect(databaseUrl, options);
  throw new Failure(
    'unsupported_database_url',
    'operator',
    'DATABASE_URL must be sqlite: followed by an absolute path, or mysql://user:password@host/database.',
  );
}
