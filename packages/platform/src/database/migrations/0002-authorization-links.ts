import { type Kysely, sql } from 'kysely';
import { ddl } from '../ddl.ts';

/** Authorization links, the history of each consent, and runs of reconciliation. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { createTable, createIndex, addColumn, id, text, longText, whole } = ddl(db);

  await createTable('authorization_links')
    .addColumn('id', id(64), (c) => c.primaryKey())
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('style', id(16))
    .addColumn('auth_type', whole, (c) => c.notNull())
    .addColumn('biz_appid', id(64))
    .addColumn('category_id_list', id(255))
    .addColumn('return_to', longText)
    .addColumn('state', id(16), (c) => c.notNull())
    .addColumn('appid', id(64))
    .addColumn('failure_code', id(64))
    .addColumn('failure_message', longText)
    .addColumn('created_at', whole, (c) => c.notNull())
    .addColumn('expires_at', whole, (c) => c.notNull())
    .addColumn('opened_at', whole)
    .addColumn('settled_at', whole)
    .execute();
  await createIndex('authorization_links_created', 'authorization_links', ['created_at']);

  await createTable('authorization_openings')
    .addColumn('pre_auth_hash', id(64), (c) => c.primaryKey())
    .addColumn('link_id', id(64), (c) => c.notNull())
    .addColumn('opened_at', whole, (c) => c.notNull())
    .execute();
  await createIndex('authorization_openings_opened', 'authorization_openings', ['opened_at']);

  await createTable('authorizer_history')
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64), (c) => c.notNull())
    .addColumn('grant_version', whole, (c) => c.notNull())
    .addColumn('at', whole, (c) => c.notNull())
    .addColumn('event', id(32), (c) => c.notNull())
    .addColumn('state', id(32), (c) => c.notNull())
    .addColumn('scopes', longText, (c) => c.notNull())
    // With the time, since an account whose row was deleted manually starts at version 1 again.
    .addPrimaryKeyConstraint('authorizer_history_pk', ['component', 'appid', 'grant_version', 'at'])
    .execute();

  await createTable('reconciliations')
    .addColumn('id', id(64), (c) => c.primaryKey())
    .addColumn('component', id(64), (c) => c.notNull())
    // The component until the run has ended, then null: so only one run can be active.
    .addColumn('running_for', id(64), (c) => c.unique())
    .addColumn('reason', id(32), (c) => c.notNull())
    .addColumn('state', id(16), (c) => c.notNull())
    .addColumn('phase', id(16), (c) => c.notNull())
    .addColumn('list_offset', whole, (c) => c.notNull())
    .addColumn('missing_after', id(64), (c) => c.notNull())
    .addColumn('total', whole)
    .addColumn('seen', whole, (c) => c.notNull())
    .addColumn('added', whole, (c) => c.notNull())
    .addColumn('changed', whole, (c) => c.notNull())
    .addColumn('revoked', whole, (c) => c.notNull())
    .addColumn('error', longText)
    .addColumn('created_at', whole, (c) => c.notNull())
    .addColumn('started_at', whole)
    .addColumn('updated_at', whole, (c) => c.notNull())
    .addColumn('finished_at', whole)
    .execute();
  await createIndex('reconciliations_created', 'reconciliations', ['created_at']);

  await addColumn('authorizers', 'alias', text(255));
  await addColumn('authorizers', 'service_type', whole);
  await addColumn('authorizers', 'verify_type', whole);
  await addColumn('authorizers', 'account_status', whole);
  await addColumn('authorizers', 'profile_at', whole);
  await addColumn('authorizers', 'profile_due_at', whole);
  await addColumn('authorizers', 'listed_at', whole);
  await sql`update authorizers set profile_due_at = 0 where profile_due_at is null`.execute(db);
  await createIndex('authorizers_profile_due', 'authorizers', ['component', 'profile_due_at']);
}
