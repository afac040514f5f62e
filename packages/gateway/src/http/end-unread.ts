import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A body that was given up half-way ends the connection with the answer. One that no route began to read, although its start
 * may have been peeked at, is discarded after the answer: so the refusal of an upload arrives instead of a reset.
 */
export function endUnread(request: IncomingMessage, response: ServerResponse): void {
  if (request.readableFlowing !== null && hasUnreadBody(request)) response.setHeader('connection', 'close');
}

/** A request that announces no body is not complete either, as long as it is being handled at once. */
export function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);
}
