import type { Actor } from '@wxthirdparty/platform';
import type { Request, Response } from 'express';
import { requestIdOf } from '../http/request-id.ts';
import { callerOf } from './caller.ts';

/** The caller, for the audit. */
export function actorOf(request: Request, response: Response): Actor {
  const { id, operator } = callerOf(response);
  return actorNamed(operator ?? id, request, response);
}

/** For a request without a caller. */
export function actorNamed(id: string, request: Request, response: Response): Actor {
  return { id, address: request.ip?.slice(0, 64) ?? null, requestId: requestIdOf(response) };
}
