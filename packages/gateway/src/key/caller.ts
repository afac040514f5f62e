import type { KeyRights } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import type { Response } from 'express';

/** The sender of a request: a program with a valid key, or an operator with a session of the console. */
export interface Caller {
  /** The key's id, `API_KEY`, or `owner`. */
  readonly id: string;
  /** The same for people: the name of the key. */
  readonly name: string;
  /** Of a session only, as the audit names it: `owner` or `key:NAME`. */
  readonly operator?: string;
  /** Tokens of the virtual WeChat are bound to it; it changes with the key in the environment. `owner` has none of them. */
  readonly fingerprint: string;
  readonly rights: KeyRights;
  /** Counts one request. Throws Failure `rate_limited`. */
  admit(): Promise<void>;
  /** For long answers: false once the key was revoked or has expired. */
  isValid(): Promise<boolean>;
}

export function keepCaller(response: Response, caller: Caller): void {
  response.locals.caller = caller;
}

/** For a request under /v1, where every request has a caller. */
export function callerOf(response: Response): Caller {
  const caller = response.locals.caller as Caller | undefined;
  if (caller === undefined) throw new Error('a route under /v1 was reached without a caller');
  return caller;
}

/** Throws Failure `unauthorized` during an answer, which is then aborted, so that an incomplete one does not look complete. */
export async function demandStillValid(response: Response): Promise<void> {
  if (await callerOf(response).isValid()) return;
  throw new Failure('unauthorized', 'fix-request', 'The key was revoked or has expired, or the session has ended.');
}
