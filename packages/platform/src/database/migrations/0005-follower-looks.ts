import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

/** While details are written, the table is compared, so that finishing need not do it again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { addColumn, longText, whole } = ddl(db);
  // Processes of the previous version neither read nor write them.
  await addColumn('follower_syncs', 'looked', whole);
  await addColumn('follower_syncs', 'unlisted', longText);
}
