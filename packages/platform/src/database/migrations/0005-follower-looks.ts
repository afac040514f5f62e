import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

/** While details are written, the table is looked through; so finishing need not do it again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { addColumn, longText, whole } = ddl(db);
  // Processes of the version before neither know nor write them.
  await addColumn('follower_syncs', 'looked', whole);
  await addColumn('follower_syncs', 'unlisted', longText);
}
