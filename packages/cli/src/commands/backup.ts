import { resolve } from 'node:path';
import { backupDatabase } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readSettings } from '../read-settings.ts';

export const backup: Command = async ({ env, args, leaving }) => {
  const [file, ...more] = args;
  if (file === undefined || file.startsWith('-') || more.length > 0) {
    console.error('Usage: npm run wxthirdparty -- backup FILE');
    return 2;
  }
  const { databaseUrl } = readSettings(env, 'backup');
  const bytes = await leaving.unlessLeft(backupDatabase(databaseUrl, resolve(file)));
  console.log(
    `Copied ${(bytes / 1e6).toFixed(1)} MB to ${resolve(file)}. Its secrets are sealed under SECRETS_KEY, which is not in it: keep that, too.`,
  );
  return 0;
};
