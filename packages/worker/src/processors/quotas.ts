import type { Platform, QuotaPair } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processQuotaReading(work: Platform['work']): Process<QuotaPair> {
  return async (pair, signal) => {
    await work.readQuota(pair, signal);
    return undefined;
  };
}
