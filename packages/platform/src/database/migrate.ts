import { type Migration, Migrator } from 'kysely/migration';
import { whileLocked } from './migration-lock.ts';
import * as first from './migrations/0001-first.ts';
import * as authorizationLinks from './migrations/0002-authorization-links.ts';
import * as followers from './migrations/0003-followers.ts';
import * as apiKeys from './migrations/0004-api-keys.ts';
import * as followerLooks from './migrations/0005-follower-looks.ts';
import { openDatabase, type Sql } from './open.ts';

/** Forward only: a migration that has landed never changes. */
const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-authorization-links': authorizationLinks,
  '0003-followers': followers,
  '0004-api-keys': apiKeys,
  '0005-follower-looks': followerLooks,
};

/** Runs what is pending and answers its names. */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const db = openDatabase(databaseUrl);
  try {
    return await migrateOpen(db);
  } finally {
    await db.destroy();
  }
}

/** `upTo` is for tests that begin with an older schema. */
export async function migrateOpen(db: Sql, upTo?: string): Promise<string[]> {
  return whileLocked(db, async (connection) => {
    const migrator = new Migrator({
      db: connection,
      provider: { getMigrations: async () => migrations },
      // On SQLite the lock is a transaction already; MySQL has none for tables.
      disableTransactions: true,
    });
    const { error, results } = await (upTo ? migrator.migrateTo(upTo) : migrator.migrateToLatest());
    if (error) throw error;
    return (results ?? []).map((result) => result.migrationName);
  });
}
