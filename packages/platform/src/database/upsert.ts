import { type Insertable, type RawBuilder, type SqlBool, sql } from 'kysely';
import { dialectOf } from './dialect.ts';
import type { Sql } from './open.ts';
import type { Database } from './schema.ts';

const ROWS = 1_000;
/** SQLite takes 32,766 in one statement. */
const PARAMETERS = 32_000;

type Column<T extends keyof Database> = keyof Database[T] & string;

/** What stands in a row that is there already, and what came for it. */
export interface Meeting<T extends keyof Database> {
  stored(column: Column<T>): RawBuilder<unknown>;
  given(column: Column<T>): RawBuilder<unknown>;
  /** `then` where the condition holds (it is not null), else `otherwise`. */
  choose(
    condition: RawBuilder<SqlBool>,
    then: RawBuilder<unknown>,
    otherwise: RawBuilder<unknown>,
  ): RawBuilder<unknown>;
}

/**
 * Inserts many rows; where a row with the same key is there, its columns are set anew: those that are named, to what was
 * given, or what `set` makes of both.
 *
 * MySQL sets one column after the other, and `stored` then shows what has been set before: name the columns that
 * others look at last. All rows have the same columns, and no two the same key.
 */
export async function upsert<T extends keyof Database & string>(
  db: Sql,
  table: T,
  rows: readonly Insertable<Database[T]>[],
  {
    key,
    set,
  }: {
    key: readonly Column<T>[];
    set: readonly Column<T>[] | ((meeting: Meeting<T>) => Partial<Record<Column<T>, RawBuilder<unknown>>>);
  },
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const mysql = dialectOf(db) === 'mysql';
  const meeting: Meeting<T> = {
    stored: (column) => sql`${sql.ref(`${table}.${column}`)}`,
    given: (column) => (mysql ? sql`values(${sql.ref(column)})` : sql`${sql.ref(`excluded.${column}`)}`),
    choose: (condition, then, otherwise) => sql`case when ${condition} then ${then} else ${otherwise} end`,
  };
  const changes =
    typeof set === 'function' ? set(meeting) : Object.fromEntries(set.map((column) => [column, meeting.given(column)]));
  const perStatement = Math.min(ROWS, Math.floor(PARAMETERS / Object.keys(first).length));
  for (let from = 0; from < rows.length; from += perStatement) {
    const insert = db.insertInto(table).values(rows.slice(from, from + perStatement) as never);
    const whole = mysql
      ? insert.onDuplicateKeyUpdate(changes as never)
      : insert.onConflict((conflict) => conflict.columns(key as never).doUpdateSet(changes as never));
    await whole.execute();
  }
}
