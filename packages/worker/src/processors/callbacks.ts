import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

/** `slots`: jobs of this queue that run at the same time in this process. */
export function processCallback(work: Platform['work'], slots: number, log: Logger): Process<{ readonly id: string }> {
  return async ({ id }, signal, job) => {
    const begunAt = performance.now();
    const told = await work.deliverCallback(id, slots, signal);
    const ms = Math.round(performance.now() - begunAt);
    // A delivery that is postponed is not one of its attempts, so the retry schedule stays as it is.
    if (told.outcome === 'postponed') {
      log.debug({ call: id, ...told }, 'callback');
      return { delayMs: told.afterMs };
    }
    log.info({ call: id, ...told, tries: job.attemptsMade + 1, ms }, 'callback');
    return told.outcome === 'aborted' ? { requeue: true } : undefined;
  };
}
