import { Failure } from '@wxthirdparty/wechat';
import type { NextFunction, Request, Response } from 'express';
import type { ApiKeys } from './api-keys.ts';

/** The key is checked before anything else, so that who has none learns nothing. Throws Failure `unauthorized`. */
export function bearer(apiKeys: ApiKeys) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const presented = /^Bearer +([^\s]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (presented === undefined || apiKeys.recognize(presented) === undefined) {
      throw new Failure('unauthorized', 'fix-request', 'send Authorization: Bearer KEY with a key of this gateway');
    }
    response.set('cache-control', 'no-store');
    next();
  };
}
