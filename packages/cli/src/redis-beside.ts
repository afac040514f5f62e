import type { RedisSettings } from '@wxthirdparty/platform';
import type { Settings } from './read-settings.ts';
import { SettingsFailure } from './settings-failure.ts';
import { ownRedisUrl } from './start/own-redis.ts';

/** The Redis of the running processes: that of REDIS_URL, otherwise the one that `start` runs. */
export function redisBeside({ redisUrl: named, redisPrefix, dataDir }: Settings): RedisSettings {
  const redisUrl = named ?? ownRedisUrl(dataDir);
  if (redisUrl !== undefined) return { redisUrl, redisPrefix };
  throw new SettingsFailure([
    'REDIS_URL is missing; name the Redis that all processes share, like redis://127.0.0.1:6379.',
  ]);
}
