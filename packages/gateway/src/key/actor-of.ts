import type { Actor } from '@wxthirdparty/platform';
import type { Request, Response } from 'express';
import { requestIdOf } from '../http/request-id.ts';
import { callerOf } from './caller.ts';

/** The caller, for the audit. */
export function actorOf(request: Request, response: Response): Actor {
  return { id: callerOf(response).id, address: request.ip?.slice(0, 64) ?? null, requestId: requestIdOf(response) };
}
