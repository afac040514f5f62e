import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { BulkAnswer } from './sqlite-bulk.ts';
import type { RowStatement } from './upsert-rows.ts';

const MOST_PREPARED = 50;

const { path } = workerData as { readonly path: string };
const database = new DatabaseSync(path);
// This thread may wait; nobody else stands still meanwhile.
database.exec('PRAGMA busy_timeout = 10000');
database.exec('PRAGMA journal_mode = WAL');
database.exec('PRAGMA synchronous = NORMAL');
// A page that is changed several times between two checkpoints goes into the file once.
database.exec('PRAGMA wal_autocheckpoint = 8000');
database.exec('PRAGMA cache_size = -16000');

const prepared = new Map<string, StatementSync>();

function prepare(text: string): StatementSync {
  const there = prepared.get(text);
  if (there) return there;
  if (prepared.size >= MOST_PREPARED) prepared.clear();
  const statement = database.prepare(text);
  prepared.set(text, statement);
  return statement;
}

function write(statements: readonly RowStatement[]): 'done' | 'undone' {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const { text, values, width, shared, orUndo } of statements) {
      const statement = prepare(text);
      let changed = 0;
      if (width === 0) changed += Number(statement.run(...shared).changes);
      for (let at = 0; at < values.length; at += width) {
        changed += Number(statement.run(...values.slice(at, at + width), ...shared).changes);
      }
      if (orUndo && changed === 0) {
        database.exec('ROLLBACK');
        return 'undone';
      }
    }
    database.exec('COMMIT');
    return 'done';
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

parentPort!.on('message', (asked: 'close' | { readonly id: number; readonly statements: readonly RowStatement[] }) => {
  if (asked === 'close') {
    database.close();
    parentPort!.close();
    return;
  }
  let answer: BulkAnswer;
  try {
    answer = { id: asked.id, result: write(asked.statements) };
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    answer = { id: asked.id, error: { message, ...(errcode === undefined ? {} : { errcode }) } };
  }
  parentPort!.postMessage(answer);
});
