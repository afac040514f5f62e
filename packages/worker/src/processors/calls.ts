import type { Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processCall(work: Platform['work']): Process<{ readonly id: string }> {
  return async ({ id }, signal) => {
    const result = await work.performCall(id, signal);
    return result.done ? undefined : result;
  };
}
