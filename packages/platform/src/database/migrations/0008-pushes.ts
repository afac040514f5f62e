import { type Kysely, sql } from 'kysely';
import { ddl } from '../ddl.ts';
import { dialectOf } from '../dialect.ts';

/** The journal of pushes, the subscriptions to them, and what is sent to those. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { createTable, createIndex, id, text, longText, sealed, sealedBytes, whole } = ddl(db);

  await createTable('pushes')
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('id', id(26), (c) => c.notNull())
    .addColumn('appid', id(64))
    .addColumn('type', id(80), (c) => c.notNull())
    .addColumn('note', id(16))
    .addColumn('person', id(64))
    .addColumn('create_time', whole, (c) => c.notNull())
    .addColumn('received_at', whole, (c) => c.notNull())
    .addColumn('seq', whole, (c) => c.notNull())
    .addColumn('replied', id(20))
    .addColumn('sealed', sealedBytes, (c) => c.notNull())
    .addPrimaryKeyConstraint('pushes_pk', ['component', 'id'])
    .execute();
  await createIndex('pushes_seq', 'pushes', ['seq', 'id']);
  await createIndex('pushes_of', 'pushes', ['component', 'appid', 'seq', 'id']);

  await createTable('subscriptions')
    .addColumn('id', id(32), (c) => c.primaryKey())
    .addColumn('name', text(100), (c) => c.notNull())
    .addColumn('url_sealed', sealed, (c) => c.notNull())
    .addColumn('message_url_sealed', sealed)
    .addColumn('format', id(20), (c) => c.notNull())
    .addColumn('mode', id(8))
    .addColumn('component', id(64))
    // With a thousand accounts it is longer than a column of 64 KB.
    .addColumn('filter_sealed', longText, (c) => c.notNull())
    .addColumn('reply', longText)
    .addColumn('max_in_flight', whole, (c) => c.notNull())
    .addColumn('timeout_ms', whole, (c) => c.notNull())
    .addColumn('give_up_ms', whole)
    .addColumn('state', id(16), (c) => c.notNull())
    .addColumn('reason', id(20))
    .addColumn('failures', whole, (c) => c.notNull())
    .addColumn('failing_since', whole)
    .addColumn('probe_at', whole)
    .addColumn('hold_until', whole)
    .addColumn('ticket_at', whole)
    .addColumn('last_success_at', whole)
    .addColumn('behind_since', whole)
    .addColumn('last_failure', longText)
    .addColumn('last_ticket', longText)
    .addColumn('secrets_sealed', sealed, (c) => c.notNull())
    .addColumn('created_by', id(64), (c) => c.notNull())
    .addColumn('created_at', whole, (c) => c.notNull())
    .addColumn('changed_at', whole, (c) => c.notNull())
    .execute();
  await createIndex('subscriptions_changed', 'subscriptions', ['changed_at']);

  // One row for each push and subscription, in the order of the key on both databases, like followers.
  const deliveries = createTable('deliveries')
    .addColumn('subscription', id(32), (c) => c.notNull())
    .addColumn('push', id(26), (c) => c.notNull())
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('appid', id(64))
    .addColumn('type', id(80), (c) => c.notNull())
    .addColumn('seq', whole, (c) => c.notNull())
    .addColumn('pending_at', whole)
    .addColumn('opened_at', whole, (c) => c.notNull())
    .addColumn('attempts', whole, (c) => c.notNull())
    .addColumn('state', id(16), (c) => c.notNull())
    .addColumn('status', whole)
    .addColumn('code', id(24))
    .addColumn('ms', whole)
    .addColumn('failures_sealed', longText)
    .addColumn('replay', id(32))
    .addColumn('reply_state', id(20))
    .addColumn('reply_reason', id(24))
    .addColumn('call_id', id(128))
    .addColumn('settled_at', whole)
    .addPrimaryKeyConstraint('deliveries_pk', ['subscription', 'push']);
  await (dialectOf(db) === 'sqlite' ? deliveries.modifyEnd(sql`without rowid`) : deliveries).execute();
  await createIndex('deliveries_pending', 'deliveries', ['subscription', 'pending_at', 'push']);
  await createIndex('deliveries_seq', 'deliveries', ['subscription', 'seq', 'push']);
  await createIndex('deliveries_of', 'deliveries', ['component', 'appid', 'seq', 'push']);

  await createTable('replays')
    .addColumn('id', id(32), (c) => c.primaryKey())
    .addColumn('subscription', id(32), (c) => c.notNull())
    .addColumn('since', whole, (c) => c.notNull())
    .addColumn('until', whole, (c) => c.notNull())
    .addColumn('only', id(16), (c) => c.notNull())
    .addColumn('state', id(16), (c) => c.notNull())
    .addColumn('run', whole, (c) => c.notNull())
    .addColumn('after_seq', whole, (c) => c.notNull())
    .addColumn('after_id', id(26), (c) => c.notNull())
    .addColumn('matched', whole, (c) => c.notNull())
    .addColumn('created_at', whole, (c) => c.notNull())
    .addColumn('finished_at', whole)
    .addColumn('error', longText)
    .execute();
  await createIndex('replays_of', 'replays', ['subscription', 'created_at']);
  await createIndex('replays_state', 'replays', ['state', 'created_at']);

  await createTable('release_checks')
    .addColumn('id', id(64), (c) => c.primaryKey())
    .addColumn('component', id(64), (c) => c.notNull())
    .addColumn('kind', id(16), (c) => c.notNull())
    .addColumn('appid', id(64))
    .addColumn('state', id(16), (c) => c.notNull())
    .addColumn('steps', longText, (c) => c.notNull())
    .addColumn('started_at', whole, (c) => c.notNull())
    .addColumn('finished_at', whole)
    .execute();
  await createIndex('release_checks_of', 'release_checks', ['component', 'started_at']);
}
