import { migrateOpen } from '../database/migrate.ts';
import { openDatabase } from '../database/open.ts';
import { KeyStore } from './key-store.ts';

/** Opens the keys of a database for one command, while other processes use them. */
export async function withKeyStore<T>(databaseUrl: string, work: (store: KeyStore) => Promise<T>): Promise<T> {
  const database = openDatabase(databaseUrl);
  try {
    await migrateOpen(database);
    return await work(new KeyStore(database));
  } finally {
    await database.destroy();
  }
}
