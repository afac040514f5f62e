import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

/** The names that businesses choose for their accounts. Processes of an older version neither read nor write them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { addColumn, createIndex, id, whole } = ddl(db);
  await addColumn('authorizers', 'chosen_handle', id(64));
  await createIndex('authorizers_handle', 'authorizers', ['chosen_handle', 'component'], 'unique');
  await addColumn('authorization_links', 'handle', id(64));
  await addColumn('authorization_links', 'handle_at', whole);
}
