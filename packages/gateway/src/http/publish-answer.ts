import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayPlatform } from '../gateway-platform.ts';

/** Publishes the answer to a request, once it has ended. `route`: the pattern, never the path. To be called when the request arrives. */
export function publishAnswer(
  events: GatewayPlatform['events'],
  { method = '' }: IncomingMessage,
  response: ServerResponse,
  route: string,
): void {
  const startedAt = performance.now();
  response.once('close', () => {
    events.publish('http', { route, method, status: response.statusCode, ms: performance.now() - startedAt });
  });
}
