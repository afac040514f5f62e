import { CompiledQuery } from 'kysely';
import { type BulkDatabase, type BulkOutcome, type BulkStep, bulkDatabase, type StepChanges } from './bulk.ts';
import type { InsertNew } from './insert-new.ts';
import { bytesOf, literal, MAX_STATEMENT_BYTES, mysqlInserts } from './mysql-inserts.ts';
import { mysqlUpserts } from './mysql-upsert.ts';
import { openDatabase, type Sql } from './open.ts';
import type { RowChanges } from './row-changes.ts';
import { isConflict, isDuplicate } from './sql-error.ts';
import type { SqlValue, Statement } from './statement.ts';

/** MySQL rolls a transaction back because of another writer's lock; a few times in a row is normal. */
const MAX_TRIES = 5;
const MAX_ROWS = 200;

class Undone extends Error {}
/** Another writer inserted a row of ours after we had looked for it. */
class Overtaken extends Error {}

export function openMysqlBulk(databaseUrl: string): BulkDatabase {
  const sql = openDatabase(databaseUrl, { bulk: true });
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
    const keys = ordered.slice(from, from + MAX_ROWS).map((row) => `(${keyOf(row).map(literal).join()})`);
    const text = `select ${key.join(', ')} from ${into} where (${key.join(', ')}) in (${keys.join()})`;
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

/** Sends many statements as one text: their round trips would take longer than the statements. */
async function changeRows(transaction: Sql, { each, width, key, values }: RowChanges): Promise<boolean[]> {
  const parts = each.split('?');
  const rows = Array.from({ length: values.length / width }, (_, row) => row);
  const ordered = inKeyOrder(rows, (row) => key.map((at) => values[row * width + at]!));
  const isChanged = new Array<boolean>(rows.length).fill(false);
  for (let from = 0; from < ordered.length; ) {
    const texts: string[] = [];
    let bytes = 0;
    while (texts.length < MAX_ROWS && from + texts.length < ordered.length) {
      const row = ordered[from + texts.length]!;
      const own = values.slice(row * width, (row + 1) * width);
      bytes += own.reduce((sum: number, value) => sum + bytesOf(value), each.length);
      if (bytes > MAX_STATEMENT_BYTES && texts.length > 0) break;
      texts.push(parts.map((part, i) => (i === 0 ? part : literal(own[i - 1]!) + part)).join(''));
    }
    const { numAffectedRows, rows: answers } = await transaction.executeQuery<{ readonly affectedRows: number }>(
      CompiledQuery.raw(texts.join(';')),
    );
    // One statement has a plain answer, several have a list of them.
    const affected = texts.length === 1 ? [Number(numAffectedRows)] : answers.map((answer) => answer.affectedRows);
    affected.forEach((count, i) => {
      isChanged[ordered[from + i]!] = count > 0;
    });
    from += texts.length;
  }
  return isChanged;
}

/** Writers that lock rows in one order cannot wait for each other. Equal keys keep their order. */
function inKeyOrder(rows: readonly number[], keyOf: (row: number) => readonly SqlValue[]): number[] {
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ row }) => row);
}

/** Ids are ASCII and compare byte by byte. */
function compareKeys(a: readonly SqlValue[], b: readonly SqlValue[]): number {
  for (const [i, one] of a.entries()) {
    const other = b[i];
    if (one === other || one === null || other === null || other === undefined) continue;
    return one < other ? -1 : 1;
  }
  return 0;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
