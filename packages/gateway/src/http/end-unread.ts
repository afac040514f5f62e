import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A partly read body ends the connection with the answer. A body that no route has started to read, although its first bytes
 * may have been peeked at, is discarded after the answer, so that the refusal of an upload arrives instead of a reset.
 */
export function endUnread(request: IncomingMessage, response: ServerResponse): void {
  if (request.readableFlowing !== null && hasUnreadBody(request)) response.setHeader('connection', 'close');
}

/** A request without a body is not `complete` either while it is handled synchronously. */
export function hasUnreadBody(request: IncomingMessage): boolean {
  return !request.complete && hasBody(request);
}

/** By its head. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
