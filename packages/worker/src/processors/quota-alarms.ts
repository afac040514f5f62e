import type { Platform, QuotaEvent } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processQuotaAlarm(work: Platform['work']): Process<QuotaEvent> {
  return async (event) => {
    await work.appendQuotaEvent(event);
    return undefined;
  };
}
