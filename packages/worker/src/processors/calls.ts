import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import { logCall } from '../log-call.ts';
import type { Process } from '../run-queue.ts';

export function processCall(work: Platform['work'], log: Logger): Process<{ readonly id: string }> {
  return async ({ id }, signal) => {
    const begunAt = performance.now();
    const performed = await work.performCall(id, signal);
    logCall(log, id, performed, Math.round(performance.now() - begunAt));
    return performed.done ? undefined : performed;
  };
}
