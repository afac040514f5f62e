import { type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import { dialectOf } from './dialect.ts';

type ColumnType = RawBuilder<unknown>;

/**
 * For migrations: types that mean the same on SQLite, MariaDB and MySQL, and steps that may run twice. MySQL commits each
 * step by itself, so an interrupted migration restarts from its beginning.
 */
export interface Ddl {
  /** An appid, openid or name of ours. Compared byte by byte, except for spaces at the end, which MySQL ignores. */
  id(length: number): ColumnType;
  /** Text written by people; compared in the same way. `length` in characters. */
  text(length: number): ColumnType;
  /** Text that is neither searched nor ordered by, up to 16 MB; JSON, for example. */
  readonly longText: ColumnType;
  /** Sealed by sealing/seals.ts. */
  readonly sealed: ColumnType;
  /** The same as bytes, up to 16 MB: for what is written often. */
  readonly sealedBytes: ColumnType;
  /** A number or a time in ms. */
  readonly whole: ColumnType;
  createTable(name: string): CreateTableBuilder<string, never>;
  /** While processes use the table, as long as that takes. */
  addColumn(table: string, column: string, type: ColumnType): Promise<void>;
  createIndex(name: string, table: string, columns: readonly string[], unique?: 'unique'): Promise<void>;
}

export function ddl(db: Kysely<unknown>): Ddl {
  return dialectOf(db) === 'mysql' ? mysqlDdl(db) : sqliteDdl(db);
}

/** SQLite compares byte by byte by default, and runs a whole migration in one transaction. */
function sqliteDdl(db: Kysely<unknown>): Ddl {
  const type = (words: string): ColumnType => sql.raw(words);
  return {
    id: (length) => type(`varchar(${length})`),
    text: (length) => type(`varchar(${length})`),
    longText: type('text'),
    sealed: type('text'),
    sealedBytes: type('blob'),
    whole: type('bigint'),
    createTable: (name) => db.schema.createTable(name).ifNotExists(),
    async addColumn(table, column, columnType) {
      await db.schema.alterTable(table).addColumn(column, columnType).execute();
    },
    async createIndex(name, table, columns, unique) {
      const index = db.schema
        .createIndex(name)
        .ifNotExists()
        .on(table)
        .columns([...columns]);
      await (unique ? index.unique() : index).execute();
    },
  };
}

function mysqlDdl(db: Kysely<unknown>): Ddl {
  const type = (words: string): ColumnType => sql.raw(words);
  return {
    // Not ASCII, although it would be enough: MySQL refuses to compare such a column with other text, and callers may
    // ask for any text.
    id: (length) => type(`varchar(${length})`),
    text: (length) => type(`varchar(${length})`),
    longText: type('mediumtext'),
    sealed: type('text character set ascii collate ascii_bin'),
    sealedBytes: type('mediumblob'),
    whole: type('bigint'),
    // Independent of the defaults of the server and the database.
    createTable: (name) =>
      db.schema
        .createTable(name)
        .ifNotExists()
        .modifyEnd(sql.raw('engine = InnoDB default character set utf8mb4 collate utf8mb4_bin')),
    addColumn: (table, column, columnType) =>
      online((algorithm) =>
        unlessDone(
          'ER_DUP_FIELDNAME',
          sql`alter table ${sql.table(table)} add column ${sql.ref(column)} ${columnType}, ${sql.raw(algorithm)}`,
          db,
        ),
      ),
    createIndex: (name, table, columns, unique) =>
      unlessDone(
        'ER_DUP_KEYNAME',
        sql`alter table ${sql.table(table)} add ${sql.raw(unique ? 'unique index' : 'index')} ${sql.ref(name)}
          (${sql.join(columns.map((column) => sql.ref(column)))}), ${sql.raw(WHILE_IN_USE)}`,
        db,
      ),
  };
}

/** While other processes read and write the table; the server refuses where it would have to copy it. */
const WHILE_IN_USE = 'algorithm = inplace, lock = none';
const AT_ONCE = 'algorithm = instant';
/** Older servers know no instant changes, and each has a table now and then that permits none. */
const NOT_AT_ONCE = [
  'ER_UNKNOWN_ALTER_ALGORITHM',
  'ER_ALTER_OPERATION_NOT_SUPPORTED',
  'ER_ALTER_OPERATION_NOT_SUPPORTED_REASON',
];

async function online(step: (algorithm: string) => Promise<void>): Promise<void> {
  try {
    await step(AT_ONCE);
  } catch (error) {
    if (!NOT_AT_ONCE.includes(String((error as { code?: unknown }).code))) throw error;
    await step(WHILE_IN_USE);
  }
}

async function unlessDone(code: string, step: RawBuilder<unknown>, db: Kysely<unknown>): Promise<void> {
  try {
    await step.execute(db);
  } catch (error) {
    if ((error as { code?: unknown }).code !== code) throw error;
  }
}
