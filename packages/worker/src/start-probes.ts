import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Platform, readinessOf } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

export interface Probes {
  readonly url: string;
  readonly port: number;
  /** From then on `/readyz` reports that the process is closing. */
  drain(): void;
  close(): Promise<void>;
}

/** A worker's `/healthz` (the process is alive), `/readyz` (Redis and database answer) and `/metrics`, if PORT is set. */
export async function startProbes(
  platform: Platform,
  settings: { readonly port: number; readonly host: string; readonly answerMetrics: RequestListener },
  log: Logger,
): Promise<Probes> {
  let closing = false;
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url?.split('?')[0] === '/metrics') return settings.answerMetrics(request, response);
    if (request.url === '/healthz') return answer(200, { alive: true });
    if (request.url !== '/readyz') return answer(404, { routes: ['/healthz', '/readyz', '/metrics'] });
    void platform.health().then((health) => {
      const { status, body } = readinessOf(health, { closing, needsDatabase: true });
      answer(status, body);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://${settings.host}:${port}`;
  log.info(`worker's probes listening on ${url}`);
  return {
    url,
    port,
    drain() {
      closing = true;
    },
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
