import { isConflict } from '@wxthirdparty/platform';
import type { GatewayPlatform } from '../gateway-platform.ts';

/**
 * Whether an unexpected error is the fault of Redis or the database and not ours: one of them is away, or another process
 * holds the database's lock for longer than we wait.
 */
export async function isOutage(error: unknown, platform: Pick<GatewayPlatform, 'health'>): Promise<boolean> {
  if (isConflict(error)) return true;
  const { redis, database } = await platform.health();
  return !redis || !database;
}
