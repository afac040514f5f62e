import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import { sql } from 'kysely';
import { dialectOf } from './dialect.ts';
import type { Sql } from './open.ts';
import { isConflict } from './sql-error.ts';

/** A large table takes its time to change; the others wait with their start for as long. */
const WAIT_S = 600;
const LOCK_POLL_INTERVAL_MS = 100;

/** Runs the work on one connection while no other process migrates this database; two that start at once take turns. */
export function whileLocked<T>(db: Sql, work: (connection: Sql) => Promise<T>): Promise<T> {
  return db
    .connection()
    .execute((connection) =>
      dialectOf(db) === 'mysql' ? underNamedLock(connection, work) : inWritingTransaction(connection, work),
    );
}

/** The lock goes with the connection, so a process that dies leaves none behind. */
async function underNamedLock<T>(connection: Sql, work: (connection: Sql) => Promise<T>): Promise<T> {
  // Such names belong to the whole server, and hold 64 characters.
  const name = sql`concat('wxthirdparty ', sha1(database()))`;
  const { rows } = await sql<{ got: number | null }>`select get_lock(${name}, ${WAIT_S}) as got`.execute(connection);
  if (rows[0]?.got !== 1) {
    throw new Failure(
      'database_locked',
      'operator',
      `Another process has been migrating the database for ${WAIT_S} s.`,
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
  const begunAt = performance.now();
  for (;;) {
    try {
      await sql`BEGIN IMMEDIATE`.execute(connection);
      return;
    } catch (error) {
      // Another process may migrate for longer than a statement waits.
      if (!isConflict(error) || performance.now() - begunAt > WAIT_S * 1_000) throw error;
      await pause(LOCK_POLL_INTERVAL_MS);
    }
  }
}
