import type { Sql } from './open.ts';

/** All of `work` or nothing; within a transaction it becomes part of that one. */
export function inTransaction<T>(sql: Sql, work: (sql: Sql) => Promise<T>): Promise<T> {
  return sql.isTransaction ? work(sql) : sql.transaction().execute(work);
}
