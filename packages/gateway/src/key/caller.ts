import type { KeyRights } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
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
  /** For answers that go on for long: false once the key was revoked or has expired. */
  isGood(): Promise<boolean>;
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

/** Throws Failure `unauthorized` in the midst of an answer, which is cut off then: half of it must not look whole. */
export async function demandStillGood(response: Response): Promise<void> {
  if (await callerOf(response).isGood()) return;
  throw new Failure('unauthorized', 'fix-request', 'the key was revoked or has expired');
}
