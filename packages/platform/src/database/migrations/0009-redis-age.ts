import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  const { addColumn, whole } = ddl(db);
  // Processes of an older version neither read nor write it.
  await addColumn('deployment', 'redis_time', whole);
}
