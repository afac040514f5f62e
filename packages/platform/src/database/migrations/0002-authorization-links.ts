import { type Kysely, sql } from 'kysely';

/** Links for merchants, what happened to each consent, and runs of reconciliation. Ids are hex: no store folds them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('authorization_links')
    .addColumn('id', 'varchar(64)', (c) => c.primaryKey())
    .addColumn('component', 'varchar(64)', (c) => c.notNull())
    .addColumn('style', 'varchar(16)')
    .addColumn('auth_type', 'integer', (c) => c.notNull())
    .addColumn('biz_appid', 'varchar(64)')
    .addColumn('category_id_list', 'varchar(255)')
    .addColumn('return_to', 'text')
    .addColumn('state', 'varchar(16)', (c) => c.notNull())
    .addColumn('appid', 'varchar(64)')
    .addColumn('failure_code', 'varchar(64)')
    .addColumn('failure_message', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('opened_at', 'bigint')
    .addColumn('settled_at', 'bigint')
    .execute();
  await db.schema.createIndex('authorization_links_created').on('authorization_links').column('created_at').execute();

  await db.schema
    .createTable('authorization_openings')
    .addColumn('pre_auth_hash', 'varchar(64)', (c) => c.primaryKey())
    .addColumn('link_id', 'varchar(64)', (c) => c.notNull())
    .addColumn('opened_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('authorization_openings_opened')
    .on('authorization_openings')
    .column('opened_at')
    .execute();

  await db.schema
    .createTable('authorizer_history')
    .addColumn('component', 'varchar(64)', (c) => c.notNull())
    .addColumn('appid', 'varchar(64)', (c) => c.notNull())
    .addColumn('grant_version', 'bigint', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('event', 'varchar(32)', (c) => c.notNull())
    .addColumn('state', 'varchar(32)', (c) => c.notNull())
    .addColumn('scopes', 'text', (c) => c.notNull())
    // With its time, since an account whose row was taken out by hand begins at version 1 again.
    .addPrimaryKeyConstraint('authorizer_history_pk', ['component', 'appid', 'grant_version', 'at'])
    .execute();

  await db.schema
    .createTable('reconciliations')
    .addColumn('id', 'varchar(64)', (c) => c.primaryKey())
    .addColumn('component', 'varchar(64)', (c) => c.notNull())
    // The component while the run lasts, then null: so only one can last.
    .addColumn('running_for', 'varchar(64)', (c) => c.unique())
    .addColumn('reason', 'varchar(32)', (c) => c.notNull())
    .addColumn('state', 'varchar(16)', (c) => c.notNull())
    .addColumn('phase', 'varchar(16)', (c) => c.notNull())
    .addColumn('list_offset', 'integer', (c) => c.notNull())
    .addColumn('missing_after', 'varchar(64)', (c) => c.notNull())
    .addColumn('total', 'integer')
    .addColumn('seen', 'integer', (c) => c.notNull())
    .addColumn('added', 'integer', (c) => c.notNull())
    .addColumn('changed', 'integer', (c) => c.notNull())
    .addColumn('revoked', 'integer', (c) => c.notNull())
    .addColumn('error', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('finished_at', 'bigint')
    .execute();
  await db.schema.createIndex('reconciliations_created').on('reconciliations').column('created_at').execute();

  // One by one: SQLite takes no list of them.
  await db.schema.alterTable('authorizers').addColumn('alias', 'varchar(255)').execute();
  await db.schema.alterTable('authorizers').addColumn('service_type', 'integer').execute();
  await db.schema.alterTable('authorizers').addColumn('verify_type', 'integer').execute();
  await db.schema.alterTable('authorizers').addColumn('account_status', 'integer').execute();
  await db.schema.alterTable('authorizers').addColumn('profile_at', 'bigint').execute();
  await db.schema.alterTable('authorizers').addColumn('profile_due_at', 'bigint').execute();
  await db.schema.alterTable('authorizers').addColumn('listed_at', 'bigint').execute();
  await sql`update authorizers set profile_due_at = 0`.execute(db);
  await db.schema
    .createIndex('authorizers_profile_due')
    .on('authorizers')
    .columns(['component', 'profile_due_at'])
    .execute();
}
