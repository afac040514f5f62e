import type { ErasurePayload, Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processErasure(work: Platform['work']): Process<ErasurePayload> {
  return (payload, signal) => work.runErasure(payload, signal);
}
