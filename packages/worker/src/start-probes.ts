import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

/** A worker's `/healthz` (the process lives) and `/readyz` (Redis and database answer), where PORT is set. */
export async function startProbes(
  platform: Platform,
  settings: { readonly port: number; readonly host: string },
  log: Logger,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/healthz') return answer(200, { alive: true });
    if (request.url !== '/readyz') return answer(404, { routes: ['/healthz', '/readyz'] });
    platform.health().then(
      (health) => answer(health.redis && health.database ? 200 : 503, health),
      () => answer(503, { redis: false, database: false }),
    );
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
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
