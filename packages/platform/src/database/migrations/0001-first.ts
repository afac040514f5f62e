import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  const { createTable, createIndex, id, text, longText, sealed, whole } = ddl(db);

  await createTable('components')
    .addColumn('appid', id(64), (c) => c.primaryKey())
    .addColumn('ticket_sealed', sealed)
    .addColumn('ticket_create_time', whole)
    .addColumn('ticket_received_at', whole)
    .execute();

  await createTable('authorizers')
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64), (c) => c.notNull())
    .addColumn('kind', id(32))
    .addColumn('nick_name', text(255))
    .addColumn('user_name', id(64))
    .addColumn('head_img', text(1024))
    .addColumn('principal_name', text(255))
    .addColumn('state', id(32), (c) => c.notNull())
    .addColumn('scopes', longText, (c) => c.notNull())
    .addColumn('handle', id(64), (c) => c.notNull().unique())
    .addColumn('refresh_token_sealed', sealed)
    .addColumn('grant_version', whole, (c) => c.notNull().defaultTo(1))
    .addColumn('authorized_at', whole, (c) => c.notNull())
    .addColumn('updated_at', whole, (c) => c.notNull())
    .addColumn('used_at', whole)
    .addPrimaryKeyConstraint('authorizers_pk', ['appid', 'component'])
    .execute();

  await createIndex('authorizers_state', 'authorizers', ['state', 'appid', 'component']);
}
