import { sql } from 'kysely';
import { dialectOf } from './dialect.ts';
import type { Sql } from './open.ts';

/** What a process has at most: its pool, its watch (process-database.ts), and the pools of two writer threads. */
export const CONNECTIONS_PER_PROCESS = 12;

/** How many connections the server permits the user of DATABASE_URL; undefined: SQLite counts none. */
export async function permittedConnections(database: Sql): Promise<number | undefined> {
  if (dialectOf(database) === 'sqlite') return undefined;
  const { rows } = await sql<{ server: number; user: number }>`
    select @@max_connections as server, @@max_user_connections as user`.execute(database);
  const { server, user } = rows[0]!;
  // 0: the user has no limit of its own.
  return Number(user) > 0 ? Math.min(Number(server), Number(user)) : Number(server);
}
