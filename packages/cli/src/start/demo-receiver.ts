import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const MAX_BODY_BYTES = 1024 * 1024;

export interface DemoReceiver {
  /** Answers 204. */
  readonly worksUrl: string;
  /** Answers 500. */
  readonly failsUrl: string;
  close(): Promise<void>;
}

/** Two endpoints of the demo's business, one of which works. `received`: the JSON body of each delivery to that one. */
export async function openDemoReceiver(received: (body: unknown) => void): Promise<DemoReceiver> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) if (text.length < MAX_BODY_BYTES) text += chunk;
    if (request.url !== '/works') {
      response.writeHead(500).end('the demo makes this endpoint fail');
      return;
    }
    response.writeHead(204).end();
    try {
      received(JSON.parse(text));
    } catch {
      // Only deliveries are JSON; any program of this machine may send something else.
    }
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    worksUrl: `${url}/works`,
    failsUrl: `${url}/fails`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
