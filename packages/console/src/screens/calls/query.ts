import type { Operations } from '@wxthirdparty/sdk';
import type { Values } from '../../ui/filters.ts';
import type { callFilters, spans } from './filters.ts';

type Query = Operations['GET /v1/calls']['query'];
type Filters = Values<(typeof callFilters)['kinds']>;

const HOUR_MS = 3_600_000;
const SPAN_MS: Readonly<Record<(typeof spans)[number], number>> = {
  '1h': HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 7 * 24 * HOUR_MS,
};

/** What the filters ask the API for. Without an account only failures can be listed. */
export function callsQuery(filters: Filters, firstComponent: string | undefined, now: number): Query {
  const { appid, show, path, fault, key, since, cursor } = filters;
  const ofAccount = appid !== undefined;
  const failed = !ofAccount || show === 'failures' || show === 'refused' || show === 'failed';
  const component = filters.component ?? (ofAccount ? undefined : firstComponent);
  const isErrcode = fault !== undefined && /^-?\d+$/.test(fault);
  return {
    ...(component === undefined ? {} : { component }),
    ...(ofAccount ? { appid } : {}),
    ...(failed ? { failed: 'true' } : {}),
    ...(stateOf(show, ofAccount) ?? {}),
    ...(path === undefined ? {} : { path: wholePath(path) }),
    ...(fault === undefined ? {} : isErrcode ? { errcode: Number(fault) } : { code: fault }),
    ...(key === undefined ? {} : { key }),
    ...(since === undefined ? {} : { since: new Date(now - SPAN_MS[since]).toISOString() }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

function stateOf(show: Filters['show'], ofAccount: boolean): Pick<Query, 'state'> | undefined {
  switch (show) {
    case 'refused':
      return { state: 'completed' };
    case 'failed':
      return { state: 'failed' };
    case 'queued':
    case 'delayed':
    case 'running':
    case 'cancelled':
      return ofAccount ? { state: show } : undefined;
    case 'failures':
    case undefined:
      return undefined;
    default:
      return show satisfies never;
  }
}

/** As lists show a path: without what most have. */
export function shortPath(path: string): string {
  return path.replace(/^\/(?:cgi-bin\/)?/, '');
}

/** What an operator enters may be the short form. */
function wholePath(path: string): string {
  return path.startsWith('/') ? path : `/cgi-bin/${path}`;
}
