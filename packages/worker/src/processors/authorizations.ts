import type { AuthorizationPayload, Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processAuthorization(work: Platform['work'], log: Logger): Process<AuthorizationPayload> {
  return async (payload, _signal, job) => {
    const begunAt = performance.now();
    const outcome = await work.authorize(payload, {
      again: job.attemptsStarted > 1,
      last: job.attemptsMade + 1 >= (job.opts.attempts ?? 1),
    });
    log.info(
      { component: payload.component, ...outcome, ms: Math.round(performance.now() - begunAt) },
      'authorization',
    );
    return undefined;
  };
}
