import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { expect, it } from 'vitest';
import { type DatabaseKind, databases, emptyDatabase } from '../../test/database.ts';
import { migrateOpen, migrationNames } from './migrate.ts';
import { openDatabase, type Sql } from './open.ts';

/** The last one that processes of every version stopped for. */
const FIRST_MIGRATIONS = '0005-follower-looks';

/** What a migration may do with a table that is in use; the server refuses it where it would have to copy the table. */
const ONLINE: Readonly<Record<DatabaseKind, RegExp>> = {
  MariaDB: /^alter table \S+ add (column|index|unique index) .*, algorithm = (instant|inplace, lock = none)$/s,
  SQLite: /^(alter table \S+ add column|create (unique )?index) /,
};

const later = migrationNames.slice(migrationNames.indexOf(FIRST_MIGRATIONS) + 1);

it.each(databases)('on %s, migrations change tables in use without copying them, and write no rows', async (kind) => {
  const { url, remove } = await emptyDatabase(kind);
  const executed: string[] = [];
  const db = openDatabase(url, { recordStatement: (text) => executed.push(text) });
  try {
    await migrateOpen(db, FIRST_MIGRATIONS);
    const offline: string[] = [];
    let changes = 0;
    for (const name of later) {
      const before = await tablesOf(db);
      executed.length = 0;
      const migration = (await import(`./migrations/${name}.ts`)) as Migration;
      await migration.up(db as unknown as Kysely<never>);
      const statements = executed.filter((text) => changed(text, before));
      changes += statements.length;
      offline.push(...statements.filter((text) => !ONLINE[kind].test(text)).map((text) => `${name}: ${text}`));
    }
    expect(offline).toEqual([]);
    expect(changes).toBeGreaterThan(0);
  } finally {
    await db.destroy();
    await remove();
  }
});

async function tablesOf(db: Sql): Promise<Set<string>> {
  const tables = await db.introspection.getTables();
  return new Set(tables.map(({ name }) => name));
}

/** Whether the statement changes one of the tables. */
function changed(statement: string, tables: ReadonlySet<string>): boolean {
  if (/^(select|set|pragma|with)\b/i.test(statement)) return false;
  return statement.split(/[^\w]+/).some((word) => tables.has(word));
}

it('a table in use is changed at once, also on a server where that needs a second way', async () => {
  const { url, remove } = await emptyDatabase('MariaDB');
  const executed: string[] = [];
  const db = openDatabase(url, { recordStatement: (text) => executed.push(text) });
  try {
    // Not at once: InnoDB keeps the pages of a compressed table as they are.
    await sql`create table packed (a bigint primary key, b text) engine = InnoDB row_format = compressed`.execute(db);
    const { ddl } = await import('./ddl.ts');
    const { addColumn, whole } = ddl(db as unknown as Kysely<unknown>);
    await addColumn('packed', 'c', whole);
    // As after a process died in between.
    await addColumn('packed', 'c', whole);
    expect(await sql`select c from packed`.execute(db)).toMatchObject({ rows: [] });
    expect(executed.some((text) => text.endsWith('lock = none'))).toBe(true);
  } finally {
    await db.destroy();
    await remove();
  }
});
