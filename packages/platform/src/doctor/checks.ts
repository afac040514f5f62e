import type { Check } from './check.ts';
import type { CheckName } from './check-name.ts';
import { clocks } from './checks/clocks.ts';
import { component } from './checks/component.ts';
import { componentToken } from './checks/component-token.ts';
import { dataDir } from './checks/data-dir.ts';
import { database } from './checks/database.ts';
import { egress } from './checks/egress.ts';
import { publicUrl } from './checks/public-url.ts';
import { pushUrl } from './checks/push-url.ts';
import { queues } from './checks/queues.ts';
import { redis } from './checks/redis.ts';
import { redisAge } from './checks/redis-age.ts';
import { redisMemory } from './checks/redis-memory.ts';
import { redisSettings } from './checks/redis-settings.ts';
import { secondSystem } from './checks/second-system.ts';
import { secretsKey } from './checks/secrets-key.ts';
import { ticket } from './checks/ticket.ts';
import { versions } from './checks/versions.ts';

/** All but that of the settings, which belong to the command line. */
export const checks: Readonly<Record<Exclude<CheckName, 'settings'>, Check>> = {
  'secrets-key': secretsKey,
  'data-dir': dataDir,
  redis,
  'redis-settings': redisSettings,
  'redis-memory': redisMemory,
  'redis-age': redisAge,
  clocks,
  database,
  component,
  ticket,
  'component-token': componentToken,
  egress,
  'public-url': publicUrl,
  'push-url': pushUrl,
  queues,
  versions,
  'second-system': secondSystem,
};
