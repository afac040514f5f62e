import { CompiledQuery } from 'kysely';
import { type BulkDatabase, type BulkOutcome, type BulkStep, bulkDatabase, type StepChanges } from './bulk.ts';
import type { InsertNew } from './insert-new.ts';
import { literal, mysqlInserts } from './mysql-inserts.ts';
import { inKeyOrder, mysqlRowChanges } from './mysql-row-changes.ts';
import { mysqlUpserts } from './mysql-upsert.ts';
import { openDatabase, type Sql } from './open.ts';
import type { RowChanges } from './row-changes.ts';
import { isConflict, isDuplicate } from './sql-error.ts';
import type { SqlValue, Statement } from './statement.ts';

/** MySQL rolls a transaction back because of another writer's lock; a few times in a row is normal. */
const MAX_TRIES = 5;
const MAX_ROWS = 200;
/** One writes while another one commits. A part of those of a process (connection-budget.ts). */
const MAX_CONNECTIONS = 2;

class Undone extends Error {}
/** Another writer inserted a row of ours after we had looked for it. */
class Overtaken extends Error {}

export function openMysqlBulk(databaseUrl: string): BulkDatabase {
  const sql = openDatabase(databaseUrl, { bulk: true, maxConnections: MAX_CONNECTIONS });
  return bulkDatabase({
    apply: (steps) => apply(sql, steps),
    read: async (text, parameters) =>
      (await sql.executeQuery<Record<string, SqlValue>>(CompiledQuery.raw(text, [...parameters]))).rows,
    close: () => sql.destroy(),
  });
}

async function apply(sql: Sql, steps: readonly BulkStep[]): Promise<BulkOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      return {
        result: 'done',
        changes: await sql.transaction().execute((transaction) => applyAll(transaction, steps)),
      };
    } catch (error) {
      if (error instanceof Undone) return { result: 'undone', changes: [] };
      if (!(isConflict(error) || error instanceof Overtaken) || tries === MAX_TRIES) throw error;
    }
  }
}

async function applyAll(transaction: Sql, steps: readonly BulkStep[]): Promise<StepChanges[]> {
  const changes: StepChanges[] = [];
  for (const step of steps) {
    if ('table' in step) {
      for (const statement of mysqlUpserts(step)) await run(transaction, statement);
      changes.push([]);
    } else if ('into' in step) changes.push(await insertNew(transaction, step, changes));
    else if ('each' in step) changes.push(await changeRows(transaction, step));
    else {
      const isChanged = (await run(transaction, step)) > 0;
      if (step.orUndo && !isChanged) throw new Undone();
      changes.push([isChanged]);
    }
  }
  return changes;
}

/** Number of rows that it found. */
async function run(transaction: Sql, { text, parameters }: Statement): Promise<number> {
  // Values that another thread has sent are plain Uint8Arrays, and the driver would write those as JSON.
  const values = parameters.map((value) => (value instanceof Uint8Array ? bufferOf(value) : value));
  const { numAffectedRows } = await transaction.executeQuery(CompiledQuery.raw(text, values));
  return Number(numAffectedRows ?? 0);
}

/**
 * Reads which keys exist, then inserts the others: neither MySQL's answer to `insert ignore` nor that to `on duplicate key`
 * reports which rows are new.
 */
async function insertNew(
  transaction: Sql,
  { into, columns, key, values, onlyWith }: InsertNew,
  changes: readonly StepChanges[],
): Promise<boolean[]> {
  const width = columns.length;
  const keyAt = key.map((column) => columns.indexOf(column));
  const rows = Array.from({ length: values.length / width }, (_, row) => row).filter(
    (row) => !onlyWith || changes[onlyWith.step]?.[onlyWith.rows[row]!],
  );
  const keyOf = (row: number) => keyAt.map((at) => values[row * width + at]!);
  const ordered = inKeyOrder(rows, keyOf);
  const existing = new Set<string>();
  for (let from = 0; from < ordered.length; from += MAX_ROWS) {
    const text = selectKeys(into, key, ordered.slice(from, from + MAX_ROWS).map(keyOf));
    const found = await transaction.executeQuery<Record<string, SqlValue>>(CompiledQuery.raw(text));
    for (const row of found.rows) existing.add(key.map((column) => row[column]).join('\0'));
  }
  const isNew = new Array<boolean>(values.length / width).fill(false);
  const inserted: SqlValue[] = [];
  for (const row of ordered) {
    const name = keyOf(row).join('\0');
    if (existing.has(name)) continue;
    // Rows with the same key are neighbours in their order of arrival.
    existing.add(name);
    isNew[row] = true;
    for (let at = row * width; at < (row + 1) * width; at++) inserted.push(values[at]!);
  }
  const statements = mysqlInserts(
    { table: into, columns, values: inserted },
    { prepared: '', parameters: [], text: '' },
  );
  for (const statement of statements) {
    try {
      await run(transaction, statement);
    } catch (error) {
      throw isDuplicate(error) ? new Overtaken('a row was inserted at the same time', { cause: error }) : error;
    }
  }
  return isNew;
}

/** Together where that is possible; if then not all rows were found, apart, which shows the rows that were not. */
async function changeRows(transaction: Sql, changes: RowChanges): Promise<boolean[]> {
  const isChanged = new Array<boolean>(changes.values.length / changes.width).fill(false);
  for (const { rows, together, apart } of mysqlRowChanges(changes)) {
    const counts =
      (together !== undefined && (await changeTogether(transaction, together, rows.length))) ||
      (await runAll(transaction, apart));
    for (const [i, row] of rows.entries()) isChanged[row] = counts[i]! > 0;
  }
  return isChanged;
}

/** Undefined: it was undone, since not each row was found. */
async function changeTogether(transaction: Sql, text: string, rows: number): Promise<number[] | undefined> {
  const [, count] = await runAll(transaction, ['savepoint changed_rows', text]);
  if (count === rows) return new Array<number>(rows).fill(1);
  await runAll(transaction, ['rollback to savepoint changed_rows']);
  return undefined;
}

/** Sends the statements as one text: their round trips would take longer than they do. Returns how many rows each found. */
async function runAll(transaction: Sql, texts: readonly string[]): Promise<number[]> {
  const { numAffectedRows, rows } = await transaction.executeQuery<{ readonly affectedRows: number }>(
    CompiledQuery.raw(texts.join(';')),
  );
  // One statement has a plain answer, several have a list of them.
  return texts.length === 1 ? [Number(numAffectedRows)] : rows.map(({ affectedRows }) => affectedRows);
}

/**
 * One select for all keys that are the same but for the last column: MariaDB takes fifteen times as long for
 * `(a, b) in (…)`. The keys are in order.
 */
function selectKeys(table: string, columns: readonly string[], keys: readonly (readonly SqlValue[])[]): string {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const conditions = key.slice(0, -1).map((value, i) => `${columns[i]} = ${literal(value)} and `);
    const prefix = conditions.join('');
    const group = groups.get(prefix);
    if (group) group.push(literal(key.at(-1)!));
    else groups.set(prefix, [literal(key.at(-1)!)]);
  }
  return [...groups]
    .map(([prefix, last]) => {
      return `select ${columns.join(', ')} from ${table} where ${prefix}${columns.at(-1)} in (${last.join()})`;
    })
    .join(' union all ');
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
