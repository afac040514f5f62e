import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { BoundedCache } from '../bounded-cache.ts';
import { type BulkDatabase, type BulkOutcome, type BulkStep, bulkDatabase, type StepChanges } from './bulk.ts';
import type { InsertNew } from './insert-new.ts';
import type { RowChanges } from './row-changes.ts';
import type { SqlValue, Statement } from './statement.ts';
import { sqliteUpsert, type Upsert } from './upsert-rows.ts';

const MAX_PREPARED = 50;

export interface SqliteBulkOptions {
  /** What was committed survives a power failure. */
  readonly durable: boolean;
}

class Undone extends Error {}

/** It is synchronous and waits for other processes' locks, so it needs a thread of its own. */
export function openSqliteBulk(path: string, { durable }: SqliteBulkOptions): BulkDatabase {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA busy_timeout = 10000');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
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

  function applyAll(steps: readonly BulkStep[]): StepChanges[] {
    const changes: StepChanges[] = [];
    for (const step of steps) {
      if ('table' in step) changes.push(upsert(step));
      else if ('into' in step) changes.push(insertNew(step, changes));
      else if ('each' in step) changes.push(changeRows(step));
      else changes.push(execute(step));
    }
    return changes;
  }

  function upsert(step: Upsert): StepChanges {
    const { text, values, width, shared } = sqliteUpsert(step);
    const statement = prepare(text);
    for (let at = 0; at < values.length; at += width) statement.run(...values.slice(at, at + width), ...shared);
    return [];
  }

  function insertNew({ into, columns, key, values, onlyWith }: InsertNew, changes: readonly StepChanges[]): boolean[] {
    const width = columns.length;
    const marks = columns.map(() => '?').join(', ');
    const statement = prepare(
      `insert into ${into} (${columns.join(', ')}) values (${marks}) on conflict (${key.join(', ')}) do nothing`,
    );
    return Array.from({ length: values.length / width }, (_, row) => {
      if (onlyWith && !changes[onlyWith.step]?.[onlyWith.rows[row]!]) return false;
      return Number(statement.run(...values.slice(row * width, (row + 1) * width)).changes) > 0;
    });
  }

  function changeRows({ each, width, values }: RowChanges): boolean[] {
    const statement = prepare(each);
    return Array.from(
      { length: values.length / width },
      (_, row) => Number(statement.run(...values.slice(row * width, (row + 1) * width)).changes) > 0,
    );
  }

  function execute({ text, parameters, orUndo }: Statement): boolean[] {
    const isChanged = Number(prepare(text).run(...parameters).changes) > 0;
    if (orUndo && !isChanged) throw new Undone();
    return [isChanged];
  }

  function apply(steps: readonly BulkStep[]): BulkOutcome {
    database.exec('BEGIN IMMEDIATE');
    try {
      const changes = applyAll(steps);
      database.exec('COMMIT');
      return { result: 'done', changes };
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      if (error instanceof Undone) return { result: 'undone', changes: [] };
      throw error;
    }
  }

  return bulkDatabase({
    apply: async (steps) => apply(steps),
    read: async (text, parameters) => prepare(text).all(...parameters) as Record<string, SqlValue>[],
    close: async () => database.close(),
  });
}
