import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import { shownToSessions } from '../contract/hidden-from-sessions.ts';
import type { Operation, Operations } from '../contract/operation.ts';
import { callerOf } from '../key/caller.ts';

/**
 * Answers sessions only what the schema of the answer shows them, whatever a route passes. A route without a schema answers
 * them nothing.
 */
export function hideFromSessions(operations: Operations) {
  const byRoute = new Map<string, Operation>(Object.entries(operations));
  return (request: Request, response: Response, next: NextFunction): void => {
    if (callerOf(response).operator !== undefined) {
      const json = response.json.bind(response);
      response.json = (value: unknown) => json(shownToSessions(schemaOf(byRoute, request, response), value));
    }
    next();
  };
}

function schemaOf(byRoute: ReadonlyMap<string, Operation>, request: Request, response: Response): z.ZodType {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const name = `${method} ${String(request.route?.path)}`;
  const schema = byRoute.get(name)?.answers[response.statusCode];
  if (schema instanceof z.ZodType) return schema;
  throw new Error(`the answer ${response.statusCode} of ${name} has no schema`);
}
