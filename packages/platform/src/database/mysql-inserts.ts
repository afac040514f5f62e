import { escape as quoted } from 'mysql2';
import type { SqlValue, Statement } from './statement.ts';

/** Rows in one prepared statement: parsing them as text costs the server as much as writing them. */
const ROWS_PREPARED = 100;
/** Far below the smallest usual `max_allowed_packet` (16 MB). */
export const MAX_STATEMENT_BYTES = 4_000_000;

export interface InsertedRows {
  readonly table: string;
  readonly columns: readonly string[];
  /** Columns with the same value in every row. */
  readonly alike?: readonly string[] | undefined;
  /** The values of one row after the other. */
  readonly values: readonly SqlValue[];
}

/** What follows the rows. */
export interface InsertEnd {
  /** With `?` for each of `parameters`. */
  readonly prepared: string;
  readonly parameters: readonly SqlValue[];
  /** The same with the values in it. */
  readonly text: string;
}

/** Statements of `ROWS_PREPARED` rows are prepared; fewer or larger rows are one text that contains the values. */
export function* mysqlInserts({ table, columns, alike, values }: InsertedRows, end: InsertEnd): Generator<Statement> {
  const width = columns.length;
  const same = new Set(alike?.map((column) => columns.indexOf(column)));
  const asked = columns.map((_, i) => i).filter((i) => !same.has(i));
  const insert = `insert into ${table} (${columns.join(', ')}) values `;
  const rows = values.length / width;
  let text: string | undefined;
  for (let row = 0; row < rows; ) {
    const count = rowsThatFit(values, width, row);
    const from = row * width;
    const until = from + count * width;
    row += count;
    if (count < ROWS_PREPARED) {
      const literals: string[] = [];
      for (let at = from; at < until; at += width) {
        literals.push(
          values
            .slice(at, at + width)
            .map(literal)
            .join(),
        );
      }
      yield { text: `${insert}(${literals.join('),(')})${end.text}`, parameters: [] };
      continue;
    }
    if (text === undefined) {
      const marks = columns.map((_, i) => (same.has(i) ? literal(values[i]!) : '?')).join();
      text = `${insert}(${Array.from({ length: ROWS_PREPARED }, () => marks).join('),(')})${end.prepared}`;
    }
    const parameters: SqlValue[] = [];
    for (let at = from; at < until; at += width) for (const i of asked) parameters.push(values[at + i]!);
    parameters.push(...end.parameters);
    yield { text, parameters };
  }
}

/** At least one, even if it alone is larger. */
function rowsThatFit(values: readonly SqlValue[], width: number, from: number): number {
  const most = Math.min(ROWS_PREPARED, values.length / width - from);
  let bytes = 0;
  for (let row = 0; row < most; row++) {
    for (let at = (from + row) * width; at < (from + row + 1) * width; at++) bytes += bytesOf(values[at]!);
    if (bytes > MAX_STATEMENT_BYTES && row > 0) return row;
  }
  return most;
}

/** At most, in a text or as a parameter. */
export function bytesOf(value: SqlValue): number {
  if (typeof value === 'string') return value.length * 3;
  return value instanceof Uint8Array ? value.byteLength * 2 : 20;
}

export function literal(value: SqlValue): string {
  if (value === null) return 'null';
  return typeof value === 'number' ? String(value) : quoted(value);
}
