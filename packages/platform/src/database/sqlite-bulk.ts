import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { BoundedCache } from '../bounded-cache.ts';
import type { BulkDatabase, BulkStep } from './bulk.ts';
import type { SqlValue } from './statement.ts';
import { sqliteUpsert } from './upsert-rows.ts';

const MAX_PREPARED = 50;

/** It is synchronous and waits for other processes' locks, so it needs a thread of its own. */
export function openSqliteBulk(path: string): BulkDatabase {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA busy_timeout = 10000');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = NORMAL');
  // A page that is changed several times between two checkpoints goes into the file once.
  database.exec('PRAGMA wal_autocheckpoint = 8000');
  database.exec('PRAGMA cache_size = -16000');
  const prepared = new BoundedCache<string, StatementSync>(MAX_PREPARED);

  function prepare(text: string): StatementSync {
    const known = prepared.get(text);
    if (known) return known;
    const statement = database.prepare(text);
    prepared.set(text, statement);
    return statement;
  }

  function write(steps: readonly BulkStep[]): 'done' | 'undone' {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const step of steps) {
        if ('table' in step) {
          const { text, values, width, shared } = sqliteUpsert(step);
          const statement = prepare(text);
          for (let at = 0; at < values.length; at += width) {
            statement.run(...values.slice(at, at + width), ...shared);
          }
        } else {
          const { changes } = prepare(step.text).run(...step.parameters);
          if (step.orUndo && Number(changes) === 0) {
            database.exec('ROLLBACK');
            return 'undone';
          }
        }
      }
      database.exec('COMMIT');
      return 'done';
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    write: async (steps) => write(steps),
    read: async (text, parameters) => prepare(text).all(...parameters) as Record<string, SqlValue>[],
    close: async () => database.close(),
  };
}
