import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { OutcomeNote } from './call/outcome-note.ts';
import type { GatewayPlatform } from './gateway-platform.ts';
import { requestIdOf } from './http/request-id.ts';
import { since } from './http/since.ts';
import type { Caller } from './key/caller.ts';

/** One line per request, with the route's pattern and not the path, which may contain personal data or secrets. */
export function requestLog(events: GatewayPlatform['events'], log: Logger) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = performance.now();
    response.once('close', () => {
      const ms = performance.now() - startedAt;
      const route = routeOf(request);
      const key = (response.locals.caller as Caller | undefined)?.id;
      events.publish('http', { route, method: request.method, status: response.statusCode, ms, key });
      const line = {
        requestId: requestIdOf(response),
        method: request.method,
        route,
        status: response.statusCode,
        key,
        call: response.locals.call as string | undefined,
        ...(response.locals.outcome as OutcomeNote | undefined),
        hungUp: response.writableFinished ? undefined : true,
        durationMs: since(startedAt),
      };
      // Probes and polling pages would outnumber all other lines.
      const level =
        /^\/(?:healthz|readyz|admin\/queues)/.test(line.route) && response.statusCode < 400 ? 'debug' : 'info';
      log[level](line, 'request');
    });
    next();
  };
}

function routeOf(request: Request): string {
  const path: unknown = request.route?.path;
  // Not `baseUrl`, which is lost when an error passes out of a router. So routes are named with their whole path.
  if (/^\/admin\/queues/i.test(request.originalUrl)) return '/admin/queues';
  return typeof path === 'string' ? path : 'none';
}
