import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as first from './migrations/0001-first.ts';
import * as followers from './migrations/0003-followers.ts';
import { openDatabase, type Sql } from './open.ts';

/** Forward only: a migration that has landed never changes. */
const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0003-followers': followers,
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

/** Kysely's own lock does nothing on SQLite, so that two processes starting at once would both migrate. */
export async function migrateOpen(db: Sql): Promise<string[]> {
  return db.connection().execute(async (connection) => {
    await lockForWriting(connection);
    try {
      const migrator = new Migrator({
        db: connection,
        provider: { getMigrations: async () => migrations },
        disableTransactions: true,
      });
      const { error, results } = await migrator.migrateToLatest();
      if (error) throw error;
      await sql`COMMIT`.execute(connection);
      return (results ?? []).map((result) => result.migrationName);
    } catch (error) {
      await sql`ROLLBACK`.execute(connection);
      throw error;
    }
  });
}

async function lockForWriting(connection: Sql): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sql`BEGIN IMMEDIATE`.execute(connection);
      return;
    } catch (error) {
      // The busy timeout is short; another process may migrate for longer.
      if (attempt >= 30) throw error;
    }
  }
}
