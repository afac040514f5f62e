import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processCallback(work: Platform['work'], log: Logger): Process<{ readonly id: string }> {
  return async ({ id }, signal, job) => {
    const begunAt = performance.now();
    const told = await work.deliverCallback(id, signal);
    const ms = Math.round(performance.now() - begunAt);
    log.info({ call: id, ...told, tries: job.attemptsMade + 1, ms }, 'callback');
    return told.outcome === 'left' ? { handBack: true } : undefined;
  };
}
