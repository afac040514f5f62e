import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

/** What searches, totals and lists over all accounts read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { createIndex } = ddl(db);
  await createIndex('authorizers_user_name', 'authorizers', ['user_name', 'appid', 'component']);
  await createIndex('authorizers_totals', 'authorizers', ['component', 'state', 'kind', 'appid']);
  await createIndex('follower_syncs_created', 'follower_syncs', ['created_at', 'id']);
  await createIndex('follower_syncs_state', 'follower_syncs', ['state', 'created_at', 'id']);
}
