import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IDLE_TIMEOUT_MS } from './idle-timeout.ts';

export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A business program that receives callbacks; the story chooses its answers. */
export class Receiver {
  readonly received: Received[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `answer` gives the status for the n-th message; 0 closes the connection without an answer. */
  static async open(answer: (received: Received, n: number) => number): Promise<Receiver> {
    const server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const one = { url: request.url!, headers: request.headers, body: Buffer.concat(chunks).toString('utf8') };
        const status = answer(one, receiver.received.push(one));
        if (status === 0) request.socket.destroy();
        else response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
      });
    });
    const receiver = new Receiver(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
