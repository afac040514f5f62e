import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

/**
 * All that a search for a name reads, in the order of lists: a row is several times as long. The permitted 3,072 bytes of an index
 * have no more columns.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { createIndex } = ddl(db);
  const names = ['nick_name', 'principal_name', 'chosen_handle', 'state'];
  await createIndex('authorizers_search', 'authorizers', ['appid', 'component', ...names]);
}
