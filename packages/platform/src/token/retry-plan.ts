import type { Failure } from '@wxthirdparty/wechat';

const MINUTE_MS = 60_000;
/**
 * How long to leave WeChat alone after a failed fetch (DESIGN "Token"). A provider that asks too often is cut off, so a
 * trouble that may pass is tried once a minute, for ever; one that a person must mend, every ten minutes. A consent that
 * has ended stops for good: the authorizer's state then keeps the request from being made at all.
 */
export function retryAfterMs(failure: Failure): number {
  switch (failure.remedy) {
    case 'reauthorize':
    case 'operator':
    case 'slow-down':
    case 'fix-request':
      return 10 * MINUTE_MS;
    default:
      return MINUTE_MS;
  }
}
