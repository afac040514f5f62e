import { Failure } from '@wxthirdparty/wechat';
import { CompiledQuery, type Dialect, MysqlDialect } from 'kysely';
import { createPool, type Pool, type PoolConnection } from 'mysql2';
import type { Connections } from './connections.ts';
import { type DatabaseGate, databaseUnreachable } from './database-gate.ts';
import { limitConnections } from './limit-connections.ts';

const DEFAULT_MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TRANSACTION_TIMEOUT_S = 10;
/** Per connection; servers allow some thousands for all connections together. */
const MAX_PREPARED = 30;

/**
 * Overrides the server's settings. Strict: a value that does not fit is an error, as on SQLite, instead of being cut;
 * backslashes in literals mean what the client means by them. Read committed: a statement sees what other connections
 * committed before it, as on SQLite, and bulk writes lock no gaps between rows. Idle transaction timeout, which only MariaDB has:
 * a process that is frozen within a transaction, whose connection stays open, must not keep others from its rows for hours.
 */
const SESSION = [
  `set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION' /*M!100300 , session idle_transaction_timeout = ${IDLE_TRANSACTION_TIMEOUT_S} */`,
  'set session transaction isolation level read committed',
];

export interface MysqlOptions {
  /**
   * For a connection that runs the same few statements with many rows: prepares those with parameters, and accepts several
   * statements in one text. Such a text must contain values as literals of ours only.
   */
  readonly bulk?: boolean;
  /** How many at most; further statements wait. */
  readonly maxConnections?: number;
  readonly gate?: DatabaseGate;
  /** Receives every open connection. */
  readonly connections?: Connections;
}

/** MySQL and MariaDB by `mysql://user:password@host:port/database`; its query (`?ssl={…}`) has mysql2's options. */
export function mysqlDialect(url: string, options: MysqlOptions): Dialect {
  const { bulk = false, maxConnections = DEFAULT_MAX_CONNECTIONS, gate, connections } = options;
  const pool = openPool(url, maxConnections, bulk);
  // A connection may report its end more than once; without a listener the second report would end the process. The
  // statement that uses the connection fails with the error.
  pool.on('connection', (connection) => {
    connection.on('error', () => {});
    chooseProtocol(connection, bulk);
    if (connections) makeEndable(connection, connections);
  });
  const dialect = new MysqlDialect({
    pool: pool as never,
    onCreateConnection: async (connection) => {
      for (const statement of SESSION) await connection.executeQuery(CompiledQuery.raw(statement));
    },
  });
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => limitConnections(dialect.createDriver(), maxConnections, gate),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

type Callback = (error: unknown, ...rest: unknown[]) => void;

/** mysql2 ends a connection without a word to the statement that waits on it. */
function makeEndable(connection: PoolConnection, connections: Connections): void {
  const query = connection.query as (...args: unknown[]) => unknown;
  const pending = new Set<Callback>();
  const endable = (text: string, values: readonly unknown[], callback?: Callback) => {
    // Without a callback its rows are streamed.
    if (!callback) return query(text, values);
    pending.add(callback);
    return query(text, values, (...answer: Parameters<Callback>) => {
      if (pending.delete(callback)) callback(...answer);
    });
  };
  Object.assign(connection, { query: endable });
  const forget = connections.keep(() => {
    forget();
    connection.destroy();
    const callbacks = [...pending];
    pending.clear();
    for (const callback of callbacks)
      callback(databaseUnreachable('The connection was ended: the database did not answer.'));
  });
  connection.once('end', forget);
  connection.once('error', forget);
}

/**
 * Kysely calls only `query`, which searches every text for question marks and writes the values into it. Parsing
 * such a text costs the server more than writing its rows.
 */
function chooseProtocol(connection: PoolConnection, prepares: boolean): void {
  const query = connection.query.bind(connection) as (...args: unknown[]) => unknown;
  const execute = connection.execute.bind(connection) as (...args: unknown[]) => unknown;
  const chosen = (text: string, values: readonly unknown[], ...then: unknown[]) => {
    if (values.length === 0) return query(text, ...then);
    return prepares ? execute(text, values, ...then) : query(text, values, ...then);
  };
  Object.assign(connection, { query: chosen });
}

function openPool(url: string, connectionLimit: number, multipleStatements: boolean): Pool {
  try {
    return createPool({
      uri: url,
      // Literals compare byte by byte, as the columns do.
      charset: 'UTF8MB4_BIN',
      connectionLimit,
      connectTimeout: CONNECT_TIMEOUT_MS,
      maxPreparedStatements: MAX_PREPARED,
      multipleStatements,
      enableKeepAlive: true,
      keepAliveInitialDelay: 10_000,
      // Beyond 2^53 they come as strings. Sums are decimals in MySQL; ours are whole.
      supportBigNumbers: true,
      decimalNumbers: true,
      // Times are whole milliseconds; no value may be converted between time zones.
      timezone: 'Z',
      dateStrings: true,
    });
  } catch (cause) {
    throw new Failure(
      'unsupported_database_url',
      'operator',
      'DATABASE_URL must look like mysql://user:password@host:3306/database; special characters in it are written as %XX.',
      { cause },
    );
  }
}
