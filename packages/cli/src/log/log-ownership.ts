import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

/** An alarm when Redis turns out to be another deployment's while this process runs, and one line when it is ours again. */
export function logOwnership(platform: Pick<Platform, 'onOwnership'>, log: Logger): void {
  platform.onOwnership((failure) => {
    if (failure) log.error({ code: failure.code, reason: failure.message }, 'intake stopped: Redis is not ours');
    else log.info('intake resumed: Redis is ours again');
  });
}
