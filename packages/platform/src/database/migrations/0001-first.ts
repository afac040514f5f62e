import type { Kysely } from 'kysely';

/** Column types are those that SQLite, MariaDB and MySQL all take; appids compare byte by byte on each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('components')
    .addColumn('appid', 'varchar(64)', (c) => c.primaryKey())
    .addColumn('ticket_sealed', 'text')
    .addColumn('ticket_create_time', 'bigint')
    .addColumn('ticket_received_at', 'bigint')
    .execute();

  await db.schema
    .createTable('authorizers')
    .addColumn('component', 'varchar(64)', (c) => c.notNull())
    .addColumn('appid', 'varchar(64)', (c) => c.notNull())
    .addColumn('kind', 'varchar(32)')
    .addColumn('nick_name', 'varchar(255)')
    .addColumn('user_name', 'varchar(64)')
    .addColumn('head_img', 'varchar(1024)')
    .addColumn('principal_name', 'varchar(255)')
    .addColumn('state', 'varchar(32)', (c) => c.notNull())
    .addColumn('scopes', 'text', (c) => c.notNull())
    .addColumn('handle', 'varchar(64)', (c) => c.notNull().unique())
    .addColumn('refresh_token_sealed', 'text')
    .addColumn('grant_version', 'bigint', (c) => c.notNull().defaultTo(1))
    .addColumn('authorized_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('used_at', 'bigint')
    .addPrimaryKeyConstraint('authorizers_pk', ['appid', 'component'])
    .execute();

  await db.schema.createIndex('authorizers_state').on('authorizers').columns(['state', 'appid', 'component']).execute();
}
