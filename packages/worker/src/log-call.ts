import type { CallRunResult } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

/** One line per call that is over, whichever way it came. */
export function logCall(log: Logger, call: string, performed: CallRunResult, ms: number): void {
  if ('fault' in performed && performed.fault) {
    const { message, stack } = performed.fault;
    log.error({ call, err: { message, stack } }, 'a run of a call failed');
  }
  if (!performed.done) return;
  const { outcome, errcode, attempts } = performed;
  log.info({ call, outcome, errcode, attempts, ms }, 'call');
}
