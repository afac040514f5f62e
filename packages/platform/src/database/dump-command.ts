import { sqlitePath } from './sqlite-path.ts';

const DEFAULT_PORT = '3306';

export interface DumpCommand {
  /** One line for a POSIX shell, without the password. */
  readonly line: string;
  readonly asksForPassword: boolean;
}

/**
 * The command that copies this MySQL or MariaDB database to a file while it is in use; undefined for SQLite. The database
 * is not asked.
 */
export function dumpCommand(databaseUrl: string, file: string): DumpCommand | undefined {
  if (sqlitePath(databaseUrl) !== undefined) return undefined;
  const url = new URL(databaseUrl);
  const asksForPassword = url.password !== '';
  const words = [
    'mariadb-dump',
    ...server(url),
    ...(url.username ? [`--user=${decodeURIComponent(url.username)}`] : []),
    ...(asksForPassword ? ['--password'] : []),
    // The tools of MariaDB before version 11.4 encrypt only if they are asked to.
    ...(url.searchParams.has('ssl') ? ['--ssl'] : []),
    // Tablespaces are none of ours, and on MySQL 8 they would need the privilege PROCESS.
    ...['--single-transaction', '--no-tablespaces'],
    // Old tools would store emojis of nicknames as question marks.
    '--default-character-set=utf8mb4',
    `--result-file=${file}`,
    ...['--databases', decodeURIComponent(url.pathname.slice(1))],
  ];
  return { line: words.map(quoted).join(' '), asksForPassword };
}

function server(url: URL): string[] {
  const socket = url.searchParams.get('socketPath');
  if (socket !== null) return [`--socket=${socket}`];
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  // By itself the tool takes "localhost" for its default socket, whatever the port.
  return ['--protocol=tcp', `--host=${host}`, `--port=${url.port || DEFAULT_PORT}`];
}

function quoted(word: string): string {
  return /^[\w.,:@%+/=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
