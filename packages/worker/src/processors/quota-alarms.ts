import type { Platform, QuotaEvent } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

const words = { warning: 'four fifths of a quota are used', exhausted: 'a quota is used up' } as const;

export function processQuotaAlarm(work: Platform['work'], log: Logger): Process<QuotaEvent> {
  return async (event) => {
    await work.tellQuotaEvent(event);
    const { level, ...told } = event;
    log.warn(told, words[level]);
    return undefined;
  };
}
