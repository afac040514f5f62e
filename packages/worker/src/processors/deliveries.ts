import type { Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processDeliveryBatch(work: Platform['work']): Process<{ readonly subscription: string }> {
  return ({ subscription }, signal) => work.runDeliveryBatch(subscription, signal);
}
