import { Failure } from '@wxthirdparty/wechat';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2';

/** A row as it lies there: of any column the ancestor may have written anything, or nothing. */
export type AncestorRow = Readonly<Record<string, unknown>>;

/** The ancestor's database, which is only read. */
export interface AncestorDatabase {
  /** False where there is no such table. */
  has(table: string): Promise<boolean>;
  /** One by one; `orderBy` is SQL. The first row read in one order and the next are never all in memory. */
  rows(table: string, orderBy?: string): AsyncIterable<AncestorRow>;
  close(): Promise<void>;
}

export function openAncestor(url: string): AncestorDatabase {
  const opened = new Set<Connection>();
  const connect = async (): Promise<Connection> => {
    const connection = open(url);
    opened.add(connection);
    // Without a listener a second error would end the process; each reader gets his own.
    connection.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(refused(error)) : resolve()));
    });
    // Whatever the ancestor's server demands of values: what is there shall be read.
    await query(connection, "set session sql_mode = ''");
    await query(connection, 'set session net_write_timeout = 3600');
    return connection;
  };
  let first: Promise<Connection> | undefined;
  return {
    async has(table) {
      first ??= connect();
      const found = await query(
        await first,
        'select 1 from information_schema.tables where table_schema = database() and table_name = ?',
        [table],
      );
      return found.length > 0;
    },
    async *rows(table, orderBy) {
      // A connection is busy for as long as it streams.
      const connection = await connect();
      try {
        const order = orderBy === undefined ? '' : ` order by ${orderBy}`;
        const stream = connection.query(`select * from ${table}${order}`).stream({ highWaterMark: 500 });
        for await (const row of stream) yield row as AncestorRow;
      } finally {
        connection.destroy();
        opened.delete(connection);
      }
    },
    async close() {
      for (const connection of opened) connection.destroy();
    },
  };
}

function open(url: string): Connection {
  try {
    if (!url.startsWith('mysql://')) throw new Error('not a MySQL URL');
    return createConnection({
      uri: url,
      charset: 'UTF8MB4_BIN',
      connectTimeout: 10_000,
      supportBigNumbers: true,
      // A zero date has no Date.
      dateStrings: true,
    });
  } catch (cause) {
    throw new Failure(
      'invalid_request',
      'fix-request',
      "The ancestor's database must look like mysql://user:password@host/database; special characters in it are written as %XX.",
      { cause },
    );
  }
}

function query(connection: Connection, text: string, parameters: string[] = []): Promise<RowDataPacket[]> {
  return new Promise((resolve, reject) => {
    connection.query<RowDataPacket[]>(text, parameters, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}

function refused(cause: Error & { code?: string }): Failure {
  return new Failure(
    'ancestor_unreachable',
    'operator',
    `The ancestor's database does not let us in (${cause.code ?? 'no answer'}); are host, name, password and database right?`,
    { cause },
  );
}
