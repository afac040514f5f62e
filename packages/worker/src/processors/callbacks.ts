import type { Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

/** `slots`: jobs of this queue that run at the same time in this process. */
export function processCallback(work: Platform['work'], slots: number): Process<{ readonly id: string }> {
  return async ({ id }, signal, job) => {
    const result = await work.deliverCallback(id, { slots, tries: job.attemptsMade + 1 }, signal);
    // A delivery that is postponed is not one of its attempts, so the retry schedule stays as it is.
    if (result.outcome === 'postponed') return { delayMs: result.afterMs };
    return result.outcome === 'aborted' ? { requeue: true } : undefined;
  };
}
