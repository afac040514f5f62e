import type { KeyRights } from '@wxthirdparty/platform';
import type { Response } from 'express';

/** Whoever presented a key that is good. */
export interface Caller {
  /** The key's id, or `API_KEY`. */
  readonly id: string;
  /** What a token of the virtual WeChat is bound to; changes when the environment's key does. */
  readonly fingerprint: string;
  readonly rights: KeyRights;
  /** Counts one request. Throws Failure `rate_limited`. */
  admit(): Promise<void>;
}

export function keepCaller(response: Response, caller: Caller): void {
  response.locals.caller = caller;
}

/** Of a request under /v1, where nobody comes without one. */
export function callerOf(response: Response): Caller {
  const caller = response.locals.caller as Caller | undefined;
  if (caller === undefined) throw new Error('a route under /v1 was reached without a key');
  return caller;
}
