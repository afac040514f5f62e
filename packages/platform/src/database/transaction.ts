import type { Sql } from './open.ts';

/** Runs `work` in a transaction: in the current one, if there is one. */
export function inTransaction<T>(sql: Sql, work: (sql: Sql) => Promise<T>): Promise<T> {
  return sql.isTransaction ? work(sql) : sql.transaction().execute(work);
}
