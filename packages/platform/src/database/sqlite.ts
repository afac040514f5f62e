import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '@wxthirdparty/wechat';
import { type Dialect, SqliteDialect } from 'kysely';

/** One file. Kysely wants better-sqlite3's shape; node:sqlite needs no installation. */
export function sqliteDialect(path: string): Dialect {
  return new SqliteDialect({ database: async () => openSqlite(path) });
}

function openSqlite(path: string) {
  let raw: DatabaseSync;
  try {
    mkdirSync(dirname(path), { recursive: true });
    raw = new DatabaseSync(path);
    // Other processes write, too: wait for them a little, but never block the event loop for long.
    raw.exec('PRAGMA busy_timeout = 1000');
    raw.exec('PRAGMA journal_mode = WAL');
    // A refresh token that is published must survive a power cut: WeChat gives no second one for the asking.
    raw.exec('PRAGMA synchronous = FULL');
    raw.exec('PRAGMA foreign_keys = ON');
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
