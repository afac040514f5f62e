import type { RefreshListener } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

/** One line per refresh, whether a job or another refresh needed it. */
export function logRefresh(log: Logger): RefreshListener {
  return (owner, result, ms) => {
    const line = { kind: owner.kind, component: owner.component, appid: owner.appid, outcome: result.outcome, ms };
    switch (result.outcome) {
      case 'stored':
      case 'superseded':
        log.info({ ...line, version: result.version }, 'refresh');
        break;
      case 'failed': {
        const { code, remedy, errcode, rid, message } = result.failure;
        log.warn({ ...line, code, remedy, errcode, rid, reason: message }, 'refresh');
        break;
      }
      case 'not-here': {
        const { code, remedy, errcode, message } = result.failure;
        const again = { retryInMs: Math.ceil(result.retryInMs) };
        if (result.isNews) {
          log.warn(
            { ...line, ...again, code, remedy, errcode, reason: message },
            'this process cannot fetch tokens; others do',
          );
        } else log.debug({ ...line, ...again, code }, 'refresh');
        break;
      }
      default:
        log.debug(line, 'refresh');
    }
  };
}
