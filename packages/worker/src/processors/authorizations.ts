import type { AuthorizationPayload, Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

/** A ticket, and with it the component token, may arrive at any moment. */
const NO_TOKEN_DELAY_MS = 5_000;

export function processAuthorization(work: Platform['work']): Process<AuthorizationPayload> {
  return async (payload, _signal, job) => {
    const outcome = await work.authorize(payload, {
      again: job.attemptsStarted > 1,
      last: job.attemptsMade + 1 >= (job.opts.attempts ?? 1),
      addedAt: new Date(job.timestamp),
    });
    return outcome === 'no-token' ? { delayMs: NO_TOKEN_DELAY_MS } : undefined;
  };
}
