import { Failure } from '@wxthirdparty/wechat';

/** https://www.sqlite.org/rescode.html: a primary key, a unique index, or a row id exists already. */
const SQLITE_DUPLICATE = [1555, 2067, 2579];
const MYSQL_DUPLICATE = [1062, 1586];

/**
 * Too many connections, shutting down, aborted or broken connections, a killed statement (MySQL reports a killed
 * connection in this way, too), a killed connection (MariaDB).
 */
const MYSQL_LOST = [1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927];
/** Codes of the network and of mysql2. */
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
/** mysql2's message, without a code, for a connection that is closed. */
const CLOSED = /in closed state/;

/** Another connection wrote at the same time; the statement, or the whole transaction, was undone. */
const SQLITE_CONFLICT = [5, 6];
const MYSQL_CONFLICT = [1205, 1213];

/** A row with this key exists already. */
export function isDuplicate(error: unknown): boolean {
  const { sqlite, mysql } = numbersOf(error);
  return SQLITE_DUPLICATE.includes(sqlite) || MYSQL_DUPLICATE.includes(mysql);
}

/** The connection was lost before the answer: a read may be repeated, a write only if it is idempotent. */
export function isConnectionLoss(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (MYSQL_LOST.includes(numbersOf(error).mysql)) return true;
  return NETWORK_LOST.includes(String(code)) || (error instanceof Error && CLOSED.test(String(message)));
}

/** Another connection held a lock. Nothing was written, so the statement or transaction may be repeated. */
export function isConflict(error: unknown): boolean {
  const { sqlite, mysql } = numbersOf(error);
  // The lowest byte of SQLite's extended codes is the plain code.
  return SQLITE_CONFLICT.includes(sqlite & 0xff) || MYSQL_CONFLICT.includes(mysql);
}

/** The database cannot be used at present: it is unreachable, or another process has locked it for too long. */
export function isUnreachable(error: unknown): boolean {
  return isConnectionLoss(error) || isConflict(error);
}

/** Work failed for lack of the database, and can be repeated when that is back. */
export function isDatabaseOutage(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof Failure && error.code === 'unavailable');
}

/** 0 if the error is not the database's. */
function numbersOf(error: unknown): { sqlite: number; mysql: number } {
  const { code, errcode, errno } = (error ?? {}) as Record<string, unknown>;
  return {
    sqlite: code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : 0,
    // Node's errors have a number, too: the system's, below 0.
    mysql: typeof errno === 'number' && errno > 0 ? errno : 0,
  };
}
