import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

/** At the start: which servers Redis has, and which of their settings may lose what was accepted. */
export async function logRedis(platform: Pick<Platform, 'describeRedis'>, log: Logger): Promise<void> {
  const { kind, servers } = await platform.describeRedis();
  log.info({ kind, servers }, 'Redis');
  for (const { address, replicas, minReplicasToWrite, maxmemoryPolicy } of servers) {
    if (replicas > 0 && minReplicasToWrite === 0) {
      log.warn(
        { server: address, replicas },
        'min-replicas-to-write is 0: a primary that is cut off from its replicas accepts calls and pushes that its successor does not have. Set it to 1, and min-replicas-max-lag to 2.',
      );
    }
    if (maxmemoryPolicy !== 'noeviction') {
      log.warn(
        { server: address, maxmemoryPolicy },
        'Redis removes keys when its memory is full: tokens, calls and pushes would be lost. Set maxmemory-policy to noeviction.',
      );
    }
  }
}
