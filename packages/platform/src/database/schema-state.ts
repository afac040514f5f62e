import { DEFAULT_MIGRATION_TABLE } from 'kysely/migration';
import { LATER_TABLE, migrationNames, SCHEMA_VERSION } from './migrate.ts';
import type { Sql } from './open.ts';

/** The migrations of a database compared with those that this program knows. */
export interface SchemaState {
  /** Known, and not carried out yet. */
  readonly pending: readonly string[];
  /** Carried out by a newer version. */
  readonly unknown: readonly string[];
  /** Of this program. */
  readonly version: number;
  /** The oldest schema version whose program may run on this database; 0: any. */
  readonly floor: number;
}

/** Changes nothing. */
export async function readSchemaState(db: Sql): Promise<SchemaState> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  const has = (name: string) => tables.some((table) => table.name === name);
  const recorded = new Set<string>();
  for (const table of [DEFAULT_MIGRATION_TABLE, LATER_TABLE]) {
    if (!has(table)) continue;
    const rows = await db.withTables<Record<string, { name: string }>>().selectFrom(table).select('name').execute();
    for (const { name } of rows) recorded.add(name);
  }
  const floor = has('schema_floor')
    ? await db.selectFrom('schema_floor').select('version').executeTakeFirst()
    : undefined;
  return {
    pending: migrationNames.filter((name) => !recorded.has(name)),
    unknown: [...recorded].filter((name) => !migrationNames.includes(name)).toSorted(),
    version: SCHEMA_VERSION,
    floor: Number(floor?.version ?? 0),
  };
}
