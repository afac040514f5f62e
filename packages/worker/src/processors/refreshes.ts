import type { Platform, TokenOwner } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processRefresh(work: Platform['work'], log: Logger): Process<{ readonly owner: TokenOwner }> {
  return async ({ owner }) => {
    const begunAt = performance.now();
    const result = await work.refresh(owner);
    const ms = Math.round(performance.now() - begunAt);
    const line = { kind: owner.kind, component: owner.component, appid: owner.appid, outcome: result.outcome, ms };
    switch (result.outcome) {
      case 'stored':
      case 'outrun':
        log.info({ ...line, version: result.version }, 'refresh');
        break;
      case 'failed': {
        const { code, remedy, errcode, rid, message } = result.failure;
        log.warn({ ...line, code, remedy, errcode, rid, reason: message }, 'refresh');
        break;
      }
      default:
        log.debug(line, 'refresh');
    }
    return undefined;
  };
}
