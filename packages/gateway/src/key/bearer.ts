import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import type { NextFunction, Request, Response } from 'express';
import type { Authenticator } from './authenticator.ts';
import { keepCaller } from './caller.ts';

/** Whether a request has an API key, also an invalid one. */
export function presentsKey({ headers }: IncomingMessage): boolean {
  return /^Bearer\b/i.test(headers.authorization ?? '');
}

/**
 * The key is checked before anything else, so that a caller without one learns nothing. Throws Failure `unauthorized`,
 * `too_many_guesses`, `rate_limited`.
 */
export function bearer(authenticator: Authenticator) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const presented = /^Bearer +([^\s]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const caller = presented === undefined ? undefined : await authenticator.byKey(presented, request.ip ?? '');
    if (caller === undefined) {
      throw new Failure('unauthorized', 'fix-request', 'Send Authorization: Bearer KEY with a key of this gateway.');
    }
    keepCaller(response, caller);
    response.set('cache-control', 'no-store');
    next();
  };
}
