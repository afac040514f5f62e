import type { AuthorizationPayload, Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processAuthorization(work: Platform['work'], log: Logger): Process<AuthorizationPayload> {
  return async (payload) => {
    const begunAt = performance.now();
    const outcome = await work.authorize(payload);
    log.info(
      { component: payload.component, ...outcome, ms: Math.round(performance.now() - begunAt) },
      'authorization',
    );
    return undefined;
  };
}
