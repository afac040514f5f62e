import type { ServerResponse } from 'node:http';
import type { Call } from '@wxthirdparty/platform';

/** The rest of today's quota of a settled call's API; no header if the limit is unknown. */
export function setQuotaHeader(response: ServerResponse, { quota, settledAt }: Call): void {
  if (settledAt === null || quota?.remaining == null) return;
  response.setHeader('x-wx-quota-remaining', quota.remaining);
}
