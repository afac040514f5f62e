import { Failure } from '@wxthirdparty/wechat';
import { CompiledQuery, type Dialect, MysqlDialect } from 'kysely';
import { createPool, type Pool, type PoolConnection } from 'mysql2';

const CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
/** Of each connection; servers allow some thousands of all of them together. */
const MAX_PREPARED = 30;

/**
 * What a server's own settings might say otherwise. Strict: a value that does not fit is an error, as it is on SQLite,
 * instead of being cut; and backslashes in literals are what the client takes them for. Read committed: a statement
 * sees what others have committed before it, as on SQLite, and bulk writes lock no gaps between rows.
 */
const SESSION = [
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
  'set session transaction isolation level read committed',
];

export interface MysqlOptions {
  /** Statements with parameters are prepared: for the same few, again and again. */
  readonly prepares?: boolean;
}

/** MySQL and MariaDB by `mysql://user:password@host:port/database`; a query there (`?ssl={…}`) holds mysql2's options. */
export function mysqlDialect(url: string, { prepares = false }: MysqlOptions): Dialect {
  const pool = openPool(url);
  // A connection may tell of its end more than once; without a listener the second time would end the process. Whoever
  // uses the connection gets the error as his own.
  pool.on('connection', (connection) => {
    connection.on('error', () => {});
    chooseProtocol(connection, prepares);
  });
  return new MysqlDialect({
    pool: pool as never,
    onCreateConnection: async (connection) => {
      for (const statement of SESSION) await connection.executeQuery(CompiledQuery.raw(statement));
    },
  });
}

/**
 * Kysely knows only `query`, which searches every text for question marks, and writes what it finds into it. Reading
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

function openPool(url: string): Pool {
  try {
    return createPool({
      uri: url,
      // Literals compare byte by byte, as the columns do.
      charset: 'UTF8MB4_BIN',
      connectionLimit: CONNECTIONS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      maxPreparedStatements: MAX_PREPARED,
      enableKeepAlive: true,
      keepAliveInitialDelay: 10_000,
      // Beyond 2^53 they come as strings. Sums are decimals in MySQL; ours are whole.
      supportBigNumbers: true,
      decimalNumbers: true,
      // Times are whole milliseconds; nothing may be turned through a time zone on its way.
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
