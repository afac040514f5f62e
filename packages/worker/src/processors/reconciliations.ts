import type { Platform, ReconcilePayload } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processReconciliation(work: Platform['work'], log: Logger): Process<ReconcilePayload> {
  return async ({ id }, signal) => {
    const begunAt = performance.now();
    const next = await work.reconcile({ id }, signal);
    log.info({ reconciliation: id, next, ms: Math.round(performance.now() - begunAt) }, 'reconciliation');
    return next;
  };
}
