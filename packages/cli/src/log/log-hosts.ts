import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

/** One line when this process turns away from one of WeChat's hosts, and one when it uses it again. */
export function logHosts(platform: Pick<Platform, 'onHost'>, log: Logger): void {
  platform.onHost(({ host, reachable, reason }) => {
    if (reachable) log.info({ host }, 'host reachable again');
    else log.warn({ host, reason }, 'host unreachable');
  });
}
