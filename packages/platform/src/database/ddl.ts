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
      unlessDone('ER_DUP_FIELDNAME', db.schema.alterTable(table).addColumn(column, columnType)),
    createIndex(name, table, columns, unique) {
      const index = db.schema
        .createIndex(name)
        .on(table)
        .columns([...columns]);
      return unlessDone('ER_DUP_KEYNAME', unique ? index.unique() : index);
    },
  };
}

async function unlessDone(code: string, step: { execute(): Promise<void> }): Promise<void> {
  try {
    await step.execute();
  } catch (error) {
    if ((error as { code?: unknown }).code !== code) throw error;
  }
}
