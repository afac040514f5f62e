import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Events } from '@wxthirdparty/platform';
import type { Metrics } from './metrics.ts';
import { mayScrape } from './scrape-access.ts';

const REFUSAL = {
  withToken: 'Send Authorization: Bearer METRICS_TOKEN.\n',
  withoutToken:
    'Metrics are for this host and private networks, without a proxy in between. Set METRICS_TOKEN to read them from elsewhere.\n',
};

/** Answers `GET /metrics`, before every other part of a gateway. `token`: METRICS_TOKEN. */
export function metricsEndpoint(metrics: Metrics, events: Pick<Events, 'publish'>, token: string | undefined) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const startedAt = performance.now();
    response.once('close', () => {
      const { method = '' } = request;
      const ms = performance.now() - startedAt;
      events.publish('http', { route: '/metrics', method, status: response.statusCode, ms });
    });
    // The body of such a request is of no use.
    request.resume();
    const answer = (status: number, contentType: string, body: string) => {
      response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const plain = 'text/plain; charset=utf-8';
    if (!mayScrape({ remoteAddress: request.socket.remoteAddress, headers: request.headers }, token)) {
      answer(403, plain, token === undefined ? REFUSAL.withoutToken : REFUSAL.withToken);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      answer(405, plain, 'Only GET and HEAD.\n');
      return;
    }
    metrics.text().then(
      (text) => answer(200, metrics.contentType, text),
      () => answer(503, plain, 'The metrics could not be read.\n'),
    );
  };
}
