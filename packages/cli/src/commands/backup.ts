import { resolve } from 'node:path';
import { backupDatabase } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readArguments } from '../read-arguments.ts';
import { readSettings } from '../read-settings.ts';

export const backup: Command = async ({ env, args, shutdown }) => {
  const file = resolve(readArguments(args, {}, 1).positionals[0]!);
  const { databaseUrl } = readSettings(env, 'backup');
  const bytes = await shutdown.unlessReceived(backupDatabase(databaseUrl, file));
  console.log(
    `Copied ${(bytes / 1e6).toFixed(1)} MB to ${file}. Its secrets are encrypted with SECRETS_KEY, which the copy does not contain; keep that key as well.`,
  );
  return 0;
};
