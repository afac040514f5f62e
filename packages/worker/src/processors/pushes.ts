import type { Platform, PushPayload } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processPush(work: Platform['work']): Process<PushPayload> {
  return async (payload, _signal, job) => {
    await work.handlePush(payload, job.id);
    return undefined;
  };
}
