import { type Kysely, sql } from 'kysely';
import { ddl } from '../ddl.ts';
import { dialectOf } from '../dialect.ts';

/** Openids that differ only in case are different followers; MySQL would treat them as one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { createTable, createIndex, id, text, longText, whole } = ddl(db);

  // Stored in the order of the key on both databases, so that a sync, which works in the order of openids, writes
  // sequentially. A second index would cost every sync a random write per follower; lists and counts read the key instead.
  const followers = createTable('followers')
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64), (c) => c.notNull())
    .addColumn('openid', id(64), (c) => c.notNull())
    .addColumn('subscribed', whole, (c) => c.notNull())
    .addColumn('status_at', whole, (c) => c.notNull())
    .addColumn('subscribed_at', whole)
    .addColumn('unsubscribed_at', whole)
    .addColumn('unionid', id(64))
    .addColumn('remark', longText)
    .addColumn('tag_ids', text(2000))
    .addColumn('scene', id(64))
    .addColumn('extra', longText)
    .addPrimaryKeyConstraint('followers_pk', ['component', 'appid', 'openid']);
  await (dialectOf(db) === 'sqlite' ? followers.modifyEnd(sql`without rowid`) : followers).execute();

  await createTable('follower_syncs')
    .addColumn('id', id(64), (c) => c.primaryKey())
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64), (c) => c.notNull())
    .addColumn('active_key', id(160), (c) => c.unique())
    .addColumn('details', whole, (c) => c.notNull())
    .addColumn('state', id(16), (c) => c.notNull())
    .addColumn('phase', id(16), (c) => c.notNull())
    .addColumn('run', whole, (c) => c.notNull())
    .addColumn('total', whole)
    .addColumn('listed', whole, (c) => c.notNull())
    .addColumn('detailed', whole, (c) => c.notNull())
    .addColumn('pages', whole, (c) => c.notNull())
    .addColumn('next_openids', longText, (c) => c.notNull())
    .addColumn('listing_from', whole)
    .addColumn('splits', longText, (c) => c.notNull())
    .addColumn('bucket', whole, (c) => c.notNull())
    .addColumn('after_openid', id(64), (c) => c.notNull())
    .addColumn('rate', whole)
    .addColumn('error', longText)
    .addColumn('troubles', whole, (c) => c.notNull())
    .addColumn('trouble_since', whole)
    .addColumn('waiting_until', whole)
    .addColumn('created_at', whole, (c) => c.notNull())
    .addColumn('started_at', whole)
    .addColumn('finished_at', whole)
    .addColumn('updated_at', whole, (c) => c.notNull())
    .execute();
  await createIndex('follower_syncs_of', 'follower_syncs', ['component', 'appid', 'created_at']);

  // The openids on the list pages of a running sync, divided into buckets by openid: one row per page and bucket.
  await createTable('follower_sync_lists')
    .addColumn('sync_id', id(64), (c) => c.notNull())
    .addColumn('bucket', whole, (c) => c.notNull())
    .addColumn('page', whole, (c) => c.notNull())
    .addColumn('asked_at', whole, (c) => c.notNull())
    .addColumn('openids', longText, (c) => c.notNull())
    .addPrimaryKeyConstraint('follower_sync_lists_pk', ['sync_id', 'bucket', 'page'])
    .execute();

  await createTable('follower_sync_schedules')
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64), (c) => c.notNull())
    .addColumn('at', id(5), (c) => c.notNull())
    .addColumn('details', whole, (c) => c.notNull())
    .addColumn('next_at', whole, (c) => c.notNull())
    .addPrimaryKeyConstraint('follower_sync_schedules_pk', ['component', 'appid'])
    .execute();
  await createIndex('follower_sync_schedules_next', 'follower_sync_schedules', ['component', 'next_at']);
}
