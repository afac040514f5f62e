import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import { sql } from 'kysely';
import { dialectOf } from './dialect.ts';
import type { Sql } from './open.ts';
import { isConflict } from './sql-error.ts';

/** A large table takes long to change; meanwhile other processes wait to start. */
const LOCK_TIMEOUT_S = 600;
const LOCK_POLL_INTERVAL_MS = 100;

/** Runs the work on one connection while no other process migrates this database; of two, the second one waits. */
export function whileLocked<T>(db: Sql, work: (connection: Sql) => Promise<T>): Promise<T> {
  return db
    .connection()
    .execute((connection) =>
      dialectOf(db) === 'mysql' ? underNamedLock(connection, work) : inWritingTransaction(connection, work),
    );
}

/** The lock ends with the connection, so also when the process dies. */
async function underNamedLock<T>(connection: Sql, work: (connection: Sql) => Promise<T>): Promise<T> {
  // Names of locks belong to the whole server, and may have 64 characters.
  const name = sql`concat('wxthirdparty ', sha1(database()))`;
  const { rows } = await sql<{ got: number | null }>`select get_lock(${name}, ${LOCK_TIMEOUT_S}) as got`.execute(
    connection,
  );
  if (rows[0]?.got !== 1) {
    throw new Failure(
      'database_locked',
      'operator',
      `Another process has been migrating the database for ${LOCK_TIMEOUT_S} s.`,
    );
  }
  try {
    return await work(connection);
  } finally {
    await sql`select release_lock(${name})`.execute(connection).catch(() => {});
  }
}

/** Kysely's own lock does nothing on SQLite. */
async function inWritingTransaction<T>(connection: Sql, work: (connection: Sql) => Promise<T>): Promise<T> {
  await beginWriting(connection);
  try {
    const result = await work(connection);
    await sql`COMMIT`.execute(connection);
    return result;
  } catch (error) {
    await sql`ROLLBACK`.execute(connection);
    throw error;
  }
}

async function beginWriting(connection: Sql): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    try {
      await sql`BEGIN IMMEDIATE`.execute(connection);
      return;
    } catch (error) {
      // Another process may migrate for longer than a statement waits.
      if (!isConflict(error) || performance.now() - startedAt > LOCK_TIMEOUT_S * 1_000) throw error;
      await pause(LOCK_POLL_INTERVAL_MS);
    }
  }
}
