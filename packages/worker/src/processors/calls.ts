import type { CallPayload, Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processCall(work: Platform['work']): Process<CallPayload> {
  return async (call, signal) => {
    const result = await work.performCall(call, signal);
    return result.done ? undefined : result;
  };
}
