import { escape as quoted } from 'mysql2';
import type { SqlValue, Statement } from './statement.ts';
import type { Upsert } from './upsert-rows.ts';

/** Rows in one prepared statement: parsing them as text costs the server as much as writing them. */
const ROWS_PREPARED = 100;
const SHARED = /:(\w+)/g;

/** Statements of `ROWS_PREPARED` rows are prepared; the remaining rows are one text that contains the values. */
export function* mysqlUpserts({ table, columns, key, change, shared, alike, values }: Upsert): Generator<Statement> {
  const width = columns.length;
  const same = new Set(alike?.map((column) => columns.indexOf(column)));
  const insert = `insert into ${table} (${columns.join(', ')}) values `;
  const rows = values.length / width;
  let row = 0;
  if (rows >= ROWS_PREPARED) {
    const marks = columns.map((_, i) => (same.has(i) ? literal(values[i]!) : '?')).join();
    const text = `${insert}(${Array.from({ length: ROWS_PREPARED }, () => marks).join('),(')})${onDuplicate(key, change, () => '?')}`;
    const names = Object.values(change).flatMap((expression) =>
      [...expression.matchAll(SHARED)].map(([, name]) => name!),
    );
    const asked = columns.map((_, i) => i).filter((i) => !same.has(i));
    for (; row + ROWS_PREPARED <= rows; row += ROWS_PREPARED) {
      const parameters: SqlValue[] = [];
      for (let at = row * width; at < (row + ROWS_PREPARED) * width; at += width) {
        for (const i of asked) parameters.push(values[at + i]!);
      }
      for (const name of names) parameters.push(shared[name]!);
      yield { text, parameters };
    }
  }
  if (row === rows) return;
  const rest: string[] = [];
  for (; row < rows; row++)
    rest.push(
      values
        .slice(row * width, (row + 1) * width)
        .map(literal)
        .join(),
    );
  const end = onDuplicate(key, change, (name) => String(Math.trunc(shared[name]!)));
  yield { text: `${insert}(${rest.join('),(')})${end}`, parameters: [] };
}

function onDuplicate(key: readonly string[], change: Upsert['change'], sharedValue: (name: string) => string): string {
  const changes = Object.entries(change).map(([column, expression]) => {
    const text = expression
      .replace(/\bnew\.(\w+)/g, 'values($1)')
      .replace(SHARED, (_, name: string) => sharedValue(name));
    return `${column} = ${text}`;
  });
  return ` on duplicate key update ${changes.join(', ') || `${key[0]} = ${key[0]}`}`;
}

function literal(value: SqlValue): string {
  if (value === null) return 'null';
  return typeof value === 'number' ? String(value) : quoted(value);
}
