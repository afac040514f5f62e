import { escape as quoted } from 'mysql2';
import type { SqlValue } from './statement.ts';
import type { Upsert } from './upsert-rows.ts';

/** A statement of this many rows is as fast as any larger one, and its text leaves little garbage behind. */
const ROWS_A_STATEMENT = 500;
/** What mysql2 would escape; most strings hold nothing of it. */
const SPECIAL = /[\0\b\t\n\r\x1a"'\\]/;

/** Texts with the values in them: filling in thousands of question marks costs more than the rows. */
export function* mysqlUpserts({ table, columns, key, change, shared, values }: Upsert): Generator<string> {
  const say = (expression: string) =>
    expression
      .replace(/\bnew\.(\w+)/g, 'values($1)')
      .replace(/:(\w+)/g, (_, name: string) => String(Math.trunc(shared[name]!)));
  const entries = Object.entries(change);
  const changes =
    entries.length === 0
      ? `${key[0]} = ${key[0]}`
      : entries.map(([column, expression]) => `${column} = ${say(expression)}`).join(', ');
  const width = columns.length;
  for (let at = 0; at < values.length; ) {
    let text = `insert into ${table} (${columns.join(', ')}) values `;
    for (let row = 0; row < ROWS_A_STATEMENT && at < values.length; row++) {
      text += row === 0 ? '(' : ',(';
      for (let i = 0; i < width; i++) text += (i === 0 ? '' : ',') + literal(values[at++]!);
      text += ')';
    }
    yield `${text} on duplicate key update ${changes}`;
  }
}

function literal(value: SqlValue): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return String(value);
  return SPECIAL.test(value) ? quoted(value) : `'${value}'`;
}
