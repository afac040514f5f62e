/** https://www.sqlite.org/rescode.html: a primary key, a unique index, a row id that is there already. */
const SQLITE_DUPLICATE = [1555, 2067, 2579];
const MYSQL_DUPLICATE = ['ER_DUP_ENTRY', 'ER_DUP_ENTRY_WITH_KEY_NAME'];

/** The server went, or it ended this connection; what was under way may have happened or not. */
const MYSQL_LOST = [
  'PROTOCOL_CONNECTION_LOST',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_NET_READ_ERROR',
  'ER_NET_READ_INTERRUPTED',
  'ER_CON_COUNT_ERROR',
];
/** What mysql2 says, without a code, of a connection that it knows to be closed; and the server's kill of MariaDB. */
const MYSQL_LOST_WORDS = /in closed state|Connection is killed/;

/** Others wrote at the same time; the statement, or the whole transaction, was undone. */
const SQLITE_CONFLICT = [5, 6];
const MYSQL_CONFLICT = ['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT'];

/** A row with this key is there already. */
export function isDuplicate(error: unknown): boolean {
  const { errcode, code } = parts(error);
  return code === 'ERR_SQLITE_ERROR' ? SQLITE_DUPLICATE.includes(errcode) : MYSQL_DUPLICATE.includes(code);
}

/** The connection was lost before the answer came: a read may be asked again, a write only if it may happen twice. */
export function isConnectionLoss(error: unknown): boolean {
  const { code, message } = parts(error);
  return MYSQL_LOST.includes(code) || MYSQL_LOST_WORDS.test(message);
}

/** A lock stood in the way. Nothing was done, so it may be tried again. */
export function isConflict(error: unknown): boolean {
  const { errcode, code } = parts(error);
  // The extended codes of SQLite hold the plain one in their lowest byte.
  return code === 'ERR_SQLITE_ERROR' ? SQLITE_CONFLICT.includes(errcode & 0xff) : MYSQL_CONFLICT.includes(code);
}

function parts(error: unknown): { errcode: number; code: string; message: string } {
  const { errcode, code, message } = (error ?? {}) as { errcode?: unknown; code?: unknown; message?: unknown };
  return {
    errcode: typeof errcode === 'number' ? errcode : 0,
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : '',
  };
}
