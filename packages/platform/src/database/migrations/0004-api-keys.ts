import type { Kysely } from 'kysely';
import { ddl } from '../ddl.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  const { createTable, createIndex, id, text, longText, whole } = ddl(db);

  await createTable('api_keys')
    .addColumn('id', id(32), (c) => c.primaryKey())
    .addColumn('name', text(100), (c) => c.notNull())
    .addColumn('hash', id(64), (c) => c.notNull())
    .addColumn('scopes', longText, (c) => c.notNull())
    .addColumn('accounts', longText, (c) => c.notNull())
    .addColumn('paths', longText, (c) => c.notNull())
    .addColumn('rate_per_second', whole)
    .addColumn('expires_at', whole)
    .addColumn('created_at', whole, (c) => c.notNull())
    .addColumn('created_by', id(64), (c) => c.notNull())
    .addColumn('revoked_at', whole)
    .addColumn('last_used_at', whole)
    .execute();
  await createIndex('api_keys_created', 'api_keys', ['created_at', 'id']);

  await createTable('api_key_audit')
    .addColumn('id', id(32), (c) => c.primaryKey())
    .addColumn('at', whole, (c) => c.notNull())
    .addColumn('actor', id(64), (c) => c.notNull())
    .addColumn('action', text(100), (c) => c.notNull())
    .addColumn('target', id(64))
    .addColumn('address', id(64))
    .addColumn('request_id', id(64))
    .execute();
  await createIndex('api_key_audit_at', 'api_key_audit', ['at', 'id']);
}
