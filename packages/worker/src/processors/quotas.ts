import type { Platform, QuotaPair } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processQuotaReading(work: Platform['work'], log: Logger): Process<QuotaPair> {
  return async (pair, signal) => {
    const begunAt = performance.now();
    const outcome = await work.readQuota(pair, signal);
    log.info({ ...pair, outcome, ms: Math.round(performance.now() - begunAt) }, 'quota read');
    return undefined;
  };
}
