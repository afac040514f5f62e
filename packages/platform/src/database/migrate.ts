import { Failure } from '@wxthirdparty/wechat';
import { type Migration, Migrator } from 'kysely/migration';
import { insertUnlessThere } from './insert-unless-there.ts';
import { whileLocked } from './migration-lock.ts';
import * as first from './migrations/0001-first.ts';
import * as authorizationLinks from './migrations/0002-authorization-links.ts';
import * as followers from './migrations/0003-followers.ts';
import * as apiKeys from './migrations/0004-api-keys.ts';
import * as followerLooks from './migrations/0005-follower-looks.ts';
import * as deployment from './migrations/0006-deployment.ts';
import * as followersWithoutDetails from './migrations/0007-followers-without-details.ts';
import * as pushes from './migrations/0008-pushes.ts';
import * as redisAge from './migrations/0009-redis-age.ts';
import * as accountLists from './migrations/0010-account-lists.ts';
import * as handles from './migrations/0011-handles.ts';
import * as accountSearch from './migrations/0012-account-search.ts';
import { openDatabase, type Sql } from './open.ts';

type Migrations = Readonly<Record<string, Migration>>;

/**
 * Nothing may be added here. Programs up to these migrations run Kysely's migrator on its default table, and refuse to start
 * ("corrupted migrations") if that table names one that they do not know.
 */
const firstMigrations: Migrations = {
  '0001-first': first,
  '0002-authorization-links': authorizationLinks,
  '0003-followers': followers,
  '0004-api-keys': apiKeys,
  '0005-follower-looks': followerLooks,
};

/**
 * All later ones, recorded in a table of their own. Forward only: a published migration never changes. It may only
 * add; a migration that removes or tightens something belongs in a later version, and raises `SCHEMA_FLOOR` there.
 */
const laterMigrations: Migrations = {
  '0006-deployment': deployment,
  '0007-followers-without-details': followersWithoutDetails,
  '0008-pushes': pushes,
  '0009-redis-age': redisAge,
  '0010-account-lists': accountLists,
  '0011-handles': handles,
  '0012-account-search': accountSearch,
};

/** The names of all migrations, in their order. */
export const migrationNames: readonly string[] = [...Object.keys(firstMigrations), ...Object.keys(laterMigrations)];

/** The number of the newest migration that this program knows. */
export const SCHEMA_VERSION = numberOf(migrationNames.at(-1)!);

/** The oldest schema version whose program still works on a database that this program has migrated. */
const SCHEMA_FLOOR = 5;

export const LATER_TABLE = 'schema_migration';

export interface SchemaOptions {
  readonly later: Migrations;
  readonly floor: number;
  /** The last migration to run, for a test that starts with an older schema. */
  readonly upTo?: string | undefined;
}

/** Runs the pending migrations and returns their names. */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const db = openDatabase(databaseUrl);
  try {
    return await migrateOpen(db);
  } finally {
    await db.destroy();
  }
}

/** Throws Failure `program_too_old` if a newer version has changed the database so that this one must not run on it. */
export function migrateOpen(db: Sql, upTo?: string): Promise<string[]> {
  return migrateTo(db, { later: laterMigrations, floor: SCHEMA_FLOOR, upTo });
}

/** For tests: with the migrations of another version. */
export async function migrateTo(db: Sql, { later, floor, upTo }: SchemaOptions): Promise<string[]> {
  return whileLocked(db, async (connection) => {
    const run = async (
      migrations: Migrations,
      tables: { migrationTableName?: string; migrationLockTableName?: string },
    ) => {
      const migrator = new Migrator({
        db: connection,
        provider: { getMigrations: async () => ({ ...migrations }) },
        // On SQLite the lock is a transaction already; MySQL has none for tables.
        disableTransactions: true,
        ...tables,
      });
      const { error, results } =
        upTo !== undefined && upTo in migrations ? await migrator.migrateTo(upTo) : await migrator.migrateToLatest();
      if (error) throw error;
      return (results ?? []).map((result) => result.migrationName);
    };

    const applied = await run(firstMigrations, {});
    if (upTo !== undefined && upTo in firstMigrations) return applied;
    if (await isNewer(connection, later)) return applied;
    applied.push(
      ...(await run(later, { migrationTableName: LATER_TABLE, migrationLockTableName: `${LATER_TABLE}_lock` })),
    );
    await raiseFloor(connection, floor);
    return applied;
  });
}

/**
 * Whether a newer version has migrated this database. Its migrations only add, so this program runs on the result, unless the
 * floor forbids it. Kysely's migrator is not run then: it would refuse the unknown migrations.
 */
async function isNewer(connection: Sql, later: Migrations): Promise<boolean> {
  const tables = await connection.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === LATER_TABLE)) return false;
  const rows = await connection
    .withTables<{ [LATER_TABLE]: { name: string } }>()
    .selectFrom(LATER_TABLE)
    .select('name')
    .execute();
  const recorded = new Set(rows.map(({ name }) => name));
  const unknown = [...recorded].filter((name) => !(name in later)).toSorted();
  if (unknown.length === 0) return false;

  const known = Object.keys(later);
  const newest = unknown.at(-1)!;
  const missing = known.filter((name) => !recorded.has(name));
  const floor = await connection.selectFrom('schema_floor').select('version').executeTakeFirst();
  const own = numberOf(known.at(-1) ?? Object.keys(firstMigrations).at(-1)!);
  if (missing.length > 0 || Number(floor?.version ?? 0) > own) {
    throw new Failure(
      'program_too_old',
      'operator',
      `A newer version has migrated this database (to ${newest}), and this one (schema version ${own}) must not run on it any more. Start the newer version, or restore the backup that was made before the upgrade.`,
    );
  }
  return true;
}

async function raiseFloor(connection: Sql, version: number): Promise<void> {
  await insertUnlessThere(connection.insertInto('schema_floor').values({ one: 1, version }));
  await connection.updateTable('schema_floor').set({ version }).where('version', '<', version).execute();
}

function numberOf(migration: string): number {
  return Number(migration.slice(0, 4));
}
