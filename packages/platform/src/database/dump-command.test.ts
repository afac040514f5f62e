import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { dumpCommand } from './dump-command.ts';

/** The words that a shell reads in the line. */
function words(databaseUrl: string, file = '/backups/today.sql'): string[] {
  const { line } = dumpCommand(databaseUrl, file)!;
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' });
  return stdout.trimEnd().split('\n');
}

it('names the server, the user, the database and the file, and never the password', () => {
  const command = dumpCommand('mysql://wx:s3cret@db.example.com/wxthirdparty', '/backups/today.sql')!;
  expect(command.line).toBe(
    'mariadb-dump --protocol=tcp --host=db.example.com --port=3306 --user=wx --password --single-transaction --no-tablespaces --default-character-set=utf8mb4 --result-file=/backups/today.sql --databases wxthirdparty',
  );
  expect(command.asksForPassword).toBe(true);
});

it('is read by a shell as it is meant', () => {
  expect(words('mysql://o%27neil%20%24HOME:x%40y@10.0.0.5:3307/wx%3B%20ls', '/my backups/`a`.sql')).toEqual(
    expect.arrayContaining(["--user=o'neil $HOME", '--port=3307', 'wx; ls', '--result-file=/my backups/`a`.sql']),
  );
});

it('uses the socket, IPv6 address and encryption of the address', () => {
  expect(words('mysql://wx@localhost/wx?socketPath=/run/mysqld/mysqld.sock').slice(0, 3)).toEqual([
    ...['mariadb-dump', '--socket=/run/mysqld/mysqld.sock', '--user=wx'],
  ]);
  expect(words('mysql://wx:x@[::1]/wx?ssl={}')).toEqual(expect.arrayContaining(['--host=::1', '--ssl']));
  expect(words('mysql://wx@db/wx')).not.toContain('--password');
});

it('is not needed for SQLite', () => {
  expect(dumpCommand('sqlite:/data/wx.sqlite', '/x')).toBeUndefined();
});
