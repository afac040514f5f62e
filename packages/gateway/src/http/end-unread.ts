import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A body that was given up half-way ends the connection with the answer. One that nobody began to read is left to
 * Node, which discards it and keeps the connection: so the refusal of an upload arrives instead of a reset.
 */
export function endUnread(request: IncomingMessage, response: ServerResponse): void {
  if (request.readableDidRead && hasUnreadBody(request)) response.setHeader('connection', 'close');
}

/** A request that announces no body is not complete either, as long as it is being handled at once. */
export function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);
}
