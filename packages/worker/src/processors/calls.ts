import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processCall(work: Platform['work'], log: Logger): Process<{ readonly id: string }> {
  return async ({ id }, signal) => {
    const begunAt = performance.now();
    const performed = await work.performCall(id, signal);
    if (!performed.done) return performed;
    const { outcome, errcode, attempts } = performed;
    log.info({ call: id, outcome, errcode, attempts, ms: Math.round(performance.now() - begunAt) }, 'call');
    return undefined;
  };
}
