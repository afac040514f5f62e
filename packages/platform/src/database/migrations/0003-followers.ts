import { type Kysely, MysqlAdapter, type RawBuilder, sql } from 'kysely';

/** Openids that differ in case only are different people; MySQL would take them for one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter instanceof MysqlAdapter;
  const id = (length: number): RawBuilder<unknown> =>
    sql.raw(`varchar(${length})${mysql ? ' character set ascii collate ascii_bin' : ''}`);
  const long = sql.raw(mysql ? 'mediumtext' : 'text');
  const end = sql.raw(mysql ? 'default character set utf8mb4' : 'without rowid');

  // Stored in the order of the key on both databases, so that a sync that works in the order of openids writes in one
  // sweep. A second index would cost every sync a random write per follower; lists and counts walk the key instead.
  await db.schema
    .createTable('followers')
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64), (c) => c.notNull())
    .addColumn('openid', id(64), (c) => c.notNull())
    .addColumn('subscribed', 'smallint', (c) => c.notNull())
    .addColumn('status_at', 'bigint', (c) => c.notNull())
    .addColumn('subscribed_at', 'bigint')
    .addColumn('unsubscribed_at', 'bigint')
    .addColumn('unionid', id(64))
    .addColumn('remark', 'text')
    .addColumn('tag_ids', 'text')
    .addColumn('scene', 'varchar(64)')
    .addColumn('extra', long)
    .addPrimaryKeyConstraint('followers_pk', ['component', 'appid', 'openid'])
    .modifyEnd(end)
    .execute();

  await db.schema
    .createTable('follower_syncs')
    .addColumn('id', id(64), (c) => c.primaryKey())
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64), (c) => c.notNull())
    .addColumn('active_key', id(160), (c) => c.unique())
    .addColumn('details', 'smallint', (c) => c.notNull())
    .addColumn('state', 'varchar(16)', (c) => c.notNull())
    .addColumn('phase', 'varchar(16)', (c) => c.notNull())
    .addColumn('run', 'bigint', (c) => c.notNull())
    .addColumn('total', 'bigint')
    .addColumn('listed', 'bigint', (c) => c.notNull())
    .addColumn('detailed', 'bigint', (c) => c.notNull())
    .addColumn('pages', 'integer', (c) => c.notNull())
    .addColumn('next_openids', 'text', (c) => c.notNull())
    .addColumn('listing_from', 'bigint')
    .addColumn('splits', long, (c) => c.notNull())
    .addColumn('bucket', 'integer', (c) => c.notNull())
    .addColumn('after_openid', id(64), (c) => c.notNull())
    .addColumn('rate', 'double precision')
    .addColumn('error', 'text')
    .addColumn('troubles', 'integer', (c) => c.notNull())
    .addColumn('trouble_since', 'bigint')
    .addColumn('waiting_until', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('finished_at', 'bigint')
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .modifyEnd(sql.raw(mysql ? 'default character set utf8mb4' : ''))
    .execute();
  await db.schema
    .createIndex('follower_syncs_of')
    .on('follower_syncs')
    .columns(['component', 'appid', 'created_at'])
    .execute();

  // What the list pages of a running sync named, sorted into buckets by openid: one row per page and bucket.
  await db.schema
    .createTable('follower_sync_lists')
    .addColumn('sync_id', id(64), (c) => c.notNull())
    .addColumn('bucket', 'integer', (c) => c.notNull())
    .addColumn('page', 'integer', (c) => c.notNull())
    .addColumn('asked_at', 'bigint', (c) => c.notNull())
    .addColumn('openids', long, (c) => c.notNull())
    .addPrimaryKeyConstraint('follower_sync_lists_pk', ['sync_id', 'bucket', 'page'])
    .modifyEnd(sql.raw(mysql ? 'default character set ascii' : ''))
    .execute();

  await db.schema
    .createTable('follower_sync_schedules')
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64), (c) => c.notNull())
    .addColumn('at', 'varchar(5)', (c) => c.notNull())
    .addColumn('details', 'smallint', (c) => c.notNull())
    .addColumn('next_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('follower_sync_schedules_pk', ['component', 'appid'])
    .execute();
  await db.schema
    .createIndex('follower_sync_schedules_next')
    .on('follower_sync_schedules')
    .columns(['component', 'next_at'])
    .execute();
}
