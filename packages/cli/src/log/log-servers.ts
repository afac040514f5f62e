import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

const NAMES = { redis: 'Redis', database: 'the database' };

/** One line when Redis or the database no longer answers, and one when it answers again. */
export function logServers(platform: Pick<Platform, 'onServer'>, log: Logger): void {
  platform.onServer(({ server, reachable, outageMs }) => {
    if (reachable) log.info({ server, outageMs }, `${NAMES[server]} answers again`);
    else log.error({ server }, `${NAMES[server]} does not answer`);
  });
}
