import { type Kysely, MysqlAdapter } from 'kysely';

/** `mysql`: MariaDB, too. */
export type DialectName = 'sqlite' | 'mysql';

// biome-ignore lint/suspicious/noExplicitAny: a dialect does not depend on the tables.
export function dialectOf(db: Kysely<any>): DialectName {
  return db.getExecutor().adapter instanceof MysqlAdapter ? 'mysql' : 'sqlite';
}
