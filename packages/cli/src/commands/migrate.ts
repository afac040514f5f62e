import { migrate as migrateDatabase } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readSettings } from '../read-settings.ts';

export const migrate: Command = async ({ env, shutdown }) => {
  const settings = readSettings(env, 'migrate');
  const applied = await shutdown.unlessReceived(migrateDatabase(settings.databaseUrl));
  console.log(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}.`);
  return 0;
};
