import type { Platform, ReconcilePayload } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processReconciliation(work: Platform['work']): Process<ReconcilePayload> {
  return (payload, signal) => work.reconcile(payload, signal);
}
