import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '@wxthirdparty/wechat';
import { CompiledQuery, type Dialect, type Driver, SqliteAdapter, SqliteDialect } from 'kysely';
import { type DatabaseGate, databaseUnreachable } from './database-gate.ts';
import { limitConnections } from './limit-connections.ts';
import { retry } from './retry.ts';
import { isConflict } from './sql-error.ts';

/** For the few statements of opening, which several processes run at the same time on a new file. */
const OPENING_TIMEOUT_MS = 2_000;

/** Kysely expects the interface of better-sqlite3; node:sqlite needs no installation. */
export function sqliteDialect(path: string, gate?: DatabaseGate): Dialect {
  const dialect = new SqliteDialect({ database: () => openSqlite(path) });
  return {
    createAdapter: () => new SharedConnectionAdapter(),
    // There is one connection; each transaction, and each attempt of a statement, uses it alone.
    createDriver: () => limitConnections(writingAtOnce(dialect.createDriver()), 1, gate),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

/** Otherwise Kysely would keep the connection while a statement waits for a lock, and reads would wait, too. */
class SharedConnectionAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/**
 * A transaction takes the write lock with its first statement, which is repeated while another process holds the lock; its
 * later statements never wait for it.
 */
function writingAtOnce(driver: Driver): Driver {
  driver.beginTransaction = async (connection) => {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  };
  return driver;
}

/** SQLite gives the files beside it, `-wal` and `-shm`, the same mode. */
function makePrivate(path: string): void {
  const file = openSync(path, 'a', 0o600);
  try {
    // A file of an older version may be readable by everyone; one that belongs to another user is that user's to protect.
    if ((fstatSync(file).mode & 0o077) !== 0 && fstatSync(file).uid === process.getuid?.()) fchmodSync(file, 0o600);
  } finally {
    closeSync(file);
  }
}

/** Of processes that open a new file at once, SQLite refuses some without waiting, because they might wait for one another. */
function useWal(raw: DatabaseSync): Promise<void> {
  return retry(async () => raw.exec('PRAGMA journal_mode = WAL'), {
    isRetryable: isConflict,
    timeoutMs: OPENING_TIMEOUT_MS,
  });
}

async function openSqlite(path: string) {
  let raw: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    makePrivate(path);
    raw = new DatabaseSync(path);
    // SQLite would wait for other processes on the event loop, and block calls and probes; `retry` waits without blocking.
    raw.exec('PRAGMA busy_timeout = 0');
    await useWal(raw);
    // A stored refresh token must survive a power failure: WeChat does not issue it a second time.
    raw.exec('PRAGMA synchronous = FULL');
    raw.exec('PRAGMA foreign_keys = ON');
    // SQLite's `lower` knows only the letters of ASCII.
    raw.function('lower_case', { deterministic: true }, (text) =>
      typeof text === 'string' ? text.toLowerCase() : null,
    );
  } catch (cause) {
    raw?.close();
    if (isConflict(cause)) throw databaseUnreachable(`The database file ${path} is locked by another process.`, cause);
    throw new Failure('database_unusable', 'operator', `The database file ${path} cannot be opened or written.`, {
      cause,
    });
  }
  return interfaceOf(raw);
}

function interfaceOf(raw: DatabaseSync) {
  return {
    close: () => raw.close(),
    prepare: (text: string) => {
      const statement = raw.prepare(text);
      const reads = statement.columns().length > 0;
      return {
        reader: reads,
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as never[])),
        run: (parameters: readonly unknown[]) => statement.run(...(parameters as never[])) as never,
        iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as never[])) as never,
      };
    },
  };
}
