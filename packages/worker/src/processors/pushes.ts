import type { Platform, PushPayload } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processPush(work: Platform['work'], log: Logger): Process<PushPayload> {
  return async (payload, _signal, job) => {
    const begunAt = performance.now();
    const handled = await work.handlePush(payload);
    const ms = Math.round(performance.now() - begunAt);
    log.info({ job: job.id, component: payload.component, ...handled, receivedAt: payload.receivedAt, ms }, 'push');
    return undefined;
  };
}
