import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One word by which a request is found in the logs; the caller's own (`X-Request-Id`) where it is a sane one. */
export function giveRequestId(request: IncomingMessage, response: ServerResponse): void {
  const presented = request.headers['x-request-id'];
  const sane = typeof presented === 'string' && /^[\w.-]{8,64}$/.test(presented);
  response.setHeader('x-request-id', sane ? presented : randomUUID());
}

export function requestIdOf(response: ServerResponse): string {
  return String(response.getHeader('x-request-id'));
}
