import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

/** Both tables have one row, whose key is 1. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { createTable, id, whole } = ddl(db);
  await createTable('deployment')
    .addColumn('one', whole, (c) => c.primaryKey())
    .addColumn('id', id(64), (c) => c.notNull())
    .execute();
  await createTable('schema_floor')
    .addColumn('one', whole, (c) => c.primaryKey())
    .addColumn('version', whole, (c) => c.notNull())
    .execute();
}
