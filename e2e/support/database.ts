import { inject } from 'vitest';
import { openDatabase, type Sql } from '../../packages/platform/src/database/open.ts';
import type {} from '../../packages/platform/test/mariadb-for-all.ts';
import type { Deployment } from './deployment.ts';

export const databases = ['SQLite', 'MariaDB'] as const;

/** The environment variables that give a deployment a new database of this kind. */
export async function databaseEnv(kind: (typeof databases)[number]): Promise<Record<string, string>> {
  if (kind === 'SQLite') return {};
  const answer = await fetch(inject('mariaDbDatabases'), { method: 'POST' });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return { DATABASE_URL: text };
}

/** Opens the database so that a story can change stored times instead of waiting for a day. */
export async function inDatabase<T>(
  deployment: Pick<Deployment, 'databaseUrl'>,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = openDatabase(deployment.databaseUrl);
  try {
    return await work(sql);
  } finally {
    await sql.destroy();
  }
}
