import type { AuthorizationPayload, Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processAuthorization(work: Platform['work']): Process<AuthorizationPayload> {
  return async (payload, _signal, job) => {
    await work.authorize(payload, {
      again: job.attemptsStarted > 1,
      last: job.attemptsMade + 1 >= (job.opts.attempts ?? 1),
    });
    return undefined;
  };
}
