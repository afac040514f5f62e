import type { Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processFollowerSync(work: Platform['work']): Process<{ readonly id: string }> {
  return async ({ id }, signal) => {
    const { next } = await work.runSyncSlice(id, signal);
    return next;
  };
}
