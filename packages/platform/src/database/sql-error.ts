/** https://www.sqlite.org/rescode.html: a primary key, a unique index, a row id that is there already. */
const SQLITE_DUPLICATE = [1555, 2067, 2579];
const MYSQL_DUPLICATE = [1062, 1586];

/**
 * Too many connections, shutting down, aborted or broken connections, a killed statement (MySQL says this of a killed
 * connection, too), a killed connection (MariaDB).
 */
const MYSQL_LOST = [1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927];
/** The network's, and mysql2's own. */
const NETWORK_LOST = [
  'PROTOCOL_CONNECTION_LOST',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'database_unreachable',
];
/** What mysql2 says, without any code, of a connection that it knows to be closed. */
const CLOSED = /in closed state/;

/** Others wrote at the same time; the statement, or the whole transaction, was undone. */
const SQLITE_CONFLICT = [5, 6];
const MYSQL_CONFLICT = [1205, 1213];

/** A row with this key is there already. */
export function isDuplicate(error: unknown): boolean {
  const { sqlite, mysql } = numbersOf(error);
  return SQLITE_DUPLICATE.includes(sqlite) || MYSQL_DUPLICATE.includes(mysql);
}

/** The connection was lost before the answer came: a read may be asked again, a write only if it may happen twice. */
export function isConnectionLoss(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (MYSQL_LOST.includes(numbersOf(error).mysql)) return true;
  return NETWORK_LOST.includes(String(code)) || (error instanceof Error && CLOSED.test(String(message)));
}

/** A lock stood in the way. Nothing was done, so it may be tried again. */
export function isConflict(error: unknown): boolean {
  const { sqlite, mysql } = numbersOf(error);
  // The extended codes of SQLite hold the plain one in their lowest byte.
  return SQLITE_CONFLICT.includes(sqlite & 0xff) || MYSQL_CONFLICT.includes(mysql);
}

/** 0 where the error is none of theirs. */
function numbersOf(error: unknown): { sqlite: number; mysql: number } {
  const { code, errcode, errno } = (error ?? {}) as Record<string, unknown>;
  return {
    sqlite: code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : 0,
    // Node's own errors have a number, too: the system's, below 0.
    mysql: typeof errno === 'number' && errno > 0 ? errno : 0,
  };
}
