import { Failure } from '@wxthirdparty/wechat';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2';

/** A row as it is stored: any column may contain anything, or nothing. */
export type SourceRow = Readonly<Record<string, unknown>>;

/** The database of the 2015 library, which is only read. */
export interface SourceDatabase {
  /** False where there is no such table. */
  has(table: string): Promise<boolean>;
  /** One by one; `orderBy` is SQL. The first row read in one order and the next are never all in memory. */
  rows(table: string, orderBy?: string): AsyncIterable<SourceRow>;
  close(): Promise<void>;
}

export function openSourceDatabase(url: string): SourceDatabase {
  const opened = new Set<Connection>();
  const connect = async (): Promise<Connection> => {
    const connection = open(url);
    opened.add(connection);
    // Without a listener a second error would end the process; each reader gets his own.
    connection.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(refused(error)) : resolve()));
    });
    // Reads all stored values, whatever the server's sql_mode demands.
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
        for await (const row of stream) yield row as SourceRow;
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
      'The database of the 2015 library must look like mysql://user:password@host/database; special characters in it are written as %XX.',
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
    `The database of the 2015 library refuses the connection (${cause.code ?? 'no answer'}); are host, name, password and database right?`,
    { cause },
  );
}
