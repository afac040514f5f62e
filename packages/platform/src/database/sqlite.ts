import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '@wxthirdparty/wechat';
import { CompiledQuery, type Dialect, type Driver, SqliteAdapter, SqliteDialect } from 'kysely';

/** For the few statements of opening, which several processes run at the same time on a new file. */
const OPENING_TIMEOUT_MS = 2_000;

/** One file. Kysely wants better-sqlite3's shape; node:sqlite needs no installation. */
export function sqliteDialect(path: string): Dialect {
  const dialect = new SqliteDialect({ database: async () => openSqlite(path) });
  return {
    createAdapter: () => new SharedConnectionAdapter(),
    createDriver: () => oneAtATime(writingAtOnce(dialect.createDriver())),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

/** Kysely itself would keep the connection to a statement for as long as it waits for a lock, and reads would wait, too. */
class SharedConnectionAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** There is one connection: each transaction, and each attempt of a statement, has it to itself. */
function oneAtATime(driver: Driver): Driver {
  const acquire = driver.acquireConnection.bind(driver);
  const release = driver.releaseConnection.bind(driver);
  const waiting: (() => void)[] = [];
  let taken = false;
  driver.acquireConnection = async () => {
    if (taken) await new Promise<void>((resolve) => waiting.push(resolve));
    taken = true;
    return acquire();
  };
  driver.releaseConnection = async (connection) => {
    await release(connection);
    const next = waiting.shift();
    // It stays taken where another one waits, so that none that comes now is ahead of it.
    if (next) next();
    else taken = false;
  };
  return driver;
}

/**
 * A transaction takes the write lock with its first statement, which may be repeated while another process holds it: no
 * later statement meets that lock.
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

function openSqlite(path: string) {
  let raw: DatabaseSync;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    makePrivate(path);
    raw = new DatabaseSync(path);
    raw.exec(`PRAGMA busy_timeout = ${OPENING_TIMEOUT_MS}`);
    raw.exec('PRAGMA journal_mode = WAL');
    // A refresh token that is published must survive a power cut: WeChat gives no second one for the asking.
    raw.exec('PRAGMA synchronous = FULL');
    raw.exec('PRAGMA foreign_keys = ON');
    // SQLite waits for other writers on the event loop, which belongs to calls and probes; `persist` waits beside it.
    raw.exec('PRAGMA busy_timeout = 0');
  } catch (cause) {
    throw new Failure('database_unusable', 'operator', `The database file ${path} cannot be opened or written.`, {
      cause,
    });
  }
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
