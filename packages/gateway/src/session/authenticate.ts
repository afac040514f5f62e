import { Failure } from '@wxthirdparty/wechat';
import type { NextFunction, Request, Response } from 'express';
import type { PublicUrl } from '../http/public-url.ts';
import type { Authenticator } from '../key/authenticator.ts';
import { bearer, presentsKey } from '../key/bearer.ts';
import { keepCaller } from '../key/caller.ts';
import { type ConsoleSessions, demandConsole } from './console-sessions.ts';

/**
 * The caller of a request under /v1: a program by its key, else an operator by the session of the console. Throws Failure
 * `unauthorized`, `forbidden`, `too_many_guesses`, `rate_limited`.
 */
export function authenticate(authenticator: Authenticator, sessions: ConsoleSessions, publicUrl: PublicUrl) {
  const byKey = bearer(authenticator);
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (presentsKey(request) || !sessions.isPresented(request)) return byKey(request, response, next);
    demandConsole(request, publicUrl());
    const session = await sessions.find(request);
    if (session === undefined) throw sessionEnded();
    keepCaller(response, session.caller);
    response.set('cache-control', 'no-store');
    next();
  };
}

export function sessionEnded(): Failure {
  return new Failure('unauthorized', 'fix-request', 'There is no session, or it has ended. Sign in.');
}
