import { resolve } from 'node:path';
import { backupDatabase, type DumpCommand, dumpCommand } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readArguments } from '../read-arguments.ts';
import { readSettings } from '../read-settings.ts';

export const backup: Command = async ({ env, args, shutdown }) => {
  const file = resolve(readArguments(args, {}, 1).positionals[0]!);
  const { databaseUrl } = readSettings(env, 'backup');
  const dump = dumpCommand(databaseUrl, file);
  if (dump) return print(dump);
  const bytes = await shutdown.unlessReceived(backupDatabase(databaseUrl, file));
  console.log(
    `Copied ${(bytes / 1e6).toFixed(1)} MB to ${file}. Its secrets are encrypted with SECRETS_KEY, which the copy does not contain; keep that key as well.`,
  );
  return 0;
};

/** The command alone on stdout. The exit code says that there is no copy yet, so that a script does not count on one. */
function print({ line, asksForPassword }: DumpCommand): number {
  console.error(
    'Nothing was copied yet: MySQL and MariaDB are copied by a tool of their own while they are in use. Run this command (on MySQL mysqldump with the same options, without --ssl):',
  );
  console.log(line);
  if (asksForPassword)
    console.error(
      'It asks for the password. In a script, put --defaults-extra-file=FILE in place of --password, as the first option; FILE has the lines [client] and password="…", and only its owner may read it.',
    );
  console.error(
    'The secrets in the copy are encrypted with SECRETS_KEY, which the copy does not contain; keep that key as well, in another place.',
  );
  return 1;
}
