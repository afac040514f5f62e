import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

/** Operators, backups and a rolling upgrade need the rest. */
const MAX_SHARE = 0.7;

/** Warns at the start if all processes together may use up the connections that the database permits. */
export async function logDatabaseConnections(
  platform: Pick<Platform, 'databaseConnections'>,
  log: Logger,
): Promise<void> {
  const connections = await platform.databaseConnections();
  if (!connections || connections.needed <= MAX_SHARE * connections.permitted) return;
  log.warn(
    connections,
    'all processes together may need more than 70 % of the connections that the database permits. Raise max_connections.',
  );
}
