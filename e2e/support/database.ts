import { inject } from 'vitest';
import type {} from '../../packages/platform/test/mariadb-for-all.ts';

export const databases = ['SQLite', 'MariaDB'] as const;

/** What a house needs in its environment to stand on a new database of this kind. */
export async function databaseEnv(kind: (typeof databases)[number]): Promise<Record<string, string>> {
  if (kind === 'SQLite') return {};
  const answer = await fetch(inject('mariaDbDatabases'), { method: 'POST' });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return { DATABASE_URL: text };
}
