import { isConflict } from '@wxthirdparty/platform';
import type { GatewayPlatform } from '../gateway-platform.ts';

/**
 * Whether an unexpected error is caused by Redis or the database: one of them is unavailable, or another process
 * holds the database's lock for longer than the timeout.
 */
export async function isOutage(error: unknown, platform: Pick<GatewayPlatform, 'health'>): Promise<boolean> {
  if (isConflict(error)) return true;
  const { redis, database } = await platform.health();
  return !redis || !database;
}
