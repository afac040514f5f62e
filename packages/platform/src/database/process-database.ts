import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import { sql } from 'kysely';
import { withDeadline } from '../deadline.ts';
import { Connections } from './connections.ts';
import { type DatabaseGate, databaseUnreachable } from './database-gate.ts';
import { DatabaseWatch } from './database-watch.ts';
import { dialectOf } from './dialect.ts';
import { migrateOpen } from './migrate.ts';
import { openDatabase, type Sql } from './open.ts';
import type { OutageCheck } from './outage-cache.ts';
import { isUnreachable } from './sql-error.ts';

/** A part of those of a process (connection-budget.ts); migrations have one before the others are used. */
const MAX_CONNECTIONS = 7;
const MIGRATION_RETRY_MS = 1_000;
const CLOSE_TIMEOUT_MS = 500;

/**
 * The database of a process that serves. It may be unreachable, also at the start: then statements are refused as if their
 * connection were lost, migrations are tried again each second, and what needs no SQL goes on.
 */
export class ProcessDatabase implements DatabaseGate, OutageCheck {
  readonly sql: Sql;
  readonly #url: string;
  readonly #connections = new Connections();
  readonly #probe: Sql;
  readonly #watch: DatabaseWatch;
  readonly #closing = new AbortController();
  #isMigrated = false;

  /** `hung`: statements on other connections than these will not be answered either. */
  constructor(url: string, hung: () => void = () => {}) {
    this.#url = url;
    const connections = this.#connections;
    this.sql = openDatabase(url, { maxConnections: MAX_CONNECTIONS, connections, gate: this });
    this.#probe = openDatabase(url, { maxConnections: 1, connections, retryTimeoutMs: 0 });
    // SQLite answers `select 1` without reading its file, which another process may have locked.
    const cheapest = dialectOf(this.#probe) === 'sqlite' ? sql`select count(*) from sqlite_schema` : sql`select 1`;
    this.#watch = new DatabaseWatch({
      probe: () => cheapest.execute(this.#probe),
      hung: () => {
        connections.endAll();
        hung();
      },
    });
  }

  refusal(): Failure | undefined {
    if (!this.#isMigrated) return databaseUnreachable('The database is not migrated yet.');
    if (this.#watch.isOut) return databaseUnreachable('The database does not answer.');
    return undefined;
  }

  get isOut(): boolean {
    return !this.#isMigrated || this.#watch.isOut;
  }

  async check(): Promise<boolean> {
    return (await this.#watch.check()) && this.#isMigrated;
  }

  /**
   * Ends when the database is migrated, however long it is unreachable, or another process migrates it. Throws if it cannot be
   * used at all: Failure `program_too_old`, `database_unusable`, or the error of a migration.
   */
  async migrate(): Promise<void> {
    const db = openDatabase(this.#url, { maxConnections: 1, connections: this.#connections, retryTimeoutMs: 0 });
    try {
      for (;;) {
        try {
          await migrateOpen(db);
          this.#isMigrated = true;
          return;
        } catch (error) {
          const isLocked = error instanceof Failure && error.code === 'database_locked';
          if (this.#closing.signal.aborted || !(isUnreachable(error) || isLocked)) throw error;
          // Notices a server that hangs, so that its connection is ended.
          await this.#watch.check();
          await pause(MIGRATION_RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => {});
        }
      }
    } finally {
      // Not awaited: a server that is frozen does not answer the goodbye either.
      void db.destroy().catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#watch.close();
    const closed = Promise.all([this.sql.destroy(), this.#probe.destroy()]);
    if (!this.isOut) {
      await closed;
      return;
    }
    this.#connections.endAll();
    // A connection that is just being opened waits for the server.
    await withDeadline(closed, CLOSE_TIMEOUT_MS, () => new Error('no answer in time')).catch(() => {});
  }
}
