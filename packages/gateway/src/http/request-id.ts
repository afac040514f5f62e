import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The id by which a request is found in the logs: the caller's own (`X-Request-Id`) if it is valid, or a new one. */
export function giveRequestId(request: IncomingMessage, response: ServerResponse): void {
  const presented = request.headers['x-request-id'];
  const isValid = typeof presented === 'string' && /^[\w.-]{8,64}$/.test(presented);
  response.setHeader('x-request-id', isValid ? presented : randomUUID());
}

export function requestIdOf(response: ServerResponse): string {
  return String(response.getHeader('x-request-id'));
}
