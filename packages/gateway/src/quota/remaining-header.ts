import type { ServerResponse } from 'node:http';
import type { Call } from '@wxthirdparty/platform';

/** What is left today of the API that a settled call was of; nothing where nobody knows the limit. */
export function setQuotaHeader(response: ServerResponse, { quota, settledAt }: Call): void {
  if (settledAt === null || quota?.remaining == null) return;
  response.setHeader('x-wx-quota-remaining', quota.remaining);
}
