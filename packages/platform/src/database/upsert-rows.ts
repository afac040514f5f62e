import type { SqlValue } from './statement.ts';

/** Rows that are inserted, or change the row of the same key. */
export interface Upsert {
  readonly table: string;
  readonly columns: readonly string[];
  readonly key: readonly string[];
  /**
   * The new value of each column if the row exists. `new.column` is the value that would have been inserted, `:name` one
   * of `shared`, a bare column its former value. Columns that other expressions read come last: MySQL changes one after the other.
   */
  readonly change: Readonly<Record<string, string>>;
  readonly shared: Readonly<Record<string, number>>;
  /** Columns with the same value in every row. */
  readonly alike?: readonly string[];
  /** The values of one row after the other. */
  readonly values: readonly SqlValue[];
}

/** One statement that is run for each row. */
export interface RowStatement {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** How many of the values make a row. */
  readonly width: number;
  /** They follow the values of each row. */
  readonly shared: readonly SqlValue[];
}

/** A prepared statement per row is the fastest way on SQLite; unchanged rows are not written. */
export function sqliteUpsert({ table, columns, key, change, shared, values }: Upsert): RowStatement {
  const names = Object.keys(shared);
  const numbered = (expression: string) =>
    expression
      .replace(/\bnew\./g, 'excluded.')
      .replace(/:(\w+)/g, (_, name: string) => `?${columns.length + 1 + names.indexOf(name)}`);
  const changes = Object.entries(change).map(([column, expression]) => [column, numbered(expression)] as const);
  const update =
    changes.length === 0
      ? 'do nothing'
      : `do update set ${changes.map(([column, expression]) => `${column} = ${expression}`).join(', ')} where ${changes
          .map(([column, expression]) => `${table}.${column} is not (${expression})`)
          .join(' or ')}`;
  return {
    text: `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, i) => `?${i + 1}`).join(', ')}) on conflict (${key.join(', ')}) ${update}`,
    values,
    width: columns.length,
    shared: names.map((name) => shared[name]!),
  };
}
