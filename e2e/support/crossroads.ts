import { createServer, type Server, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A recorded request, complete enough to be sent again. */
export interface Passed {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly body: Buffer;
  /** The index of the gateway that received it. */
  readonly way: number;
}

/** A proxy for several gateways: forwards each request to the next gateway, and records it. */
export class Crossroads {
  readonly passed: Passed[] = [];
  readonly #server: Server;
  #ways: readonly string[] = [];
  #next = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Crossroads> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (crossroads.#ways.length === 0) {
          response.writeHead(502).end();
          return;
        }
        const way = crossroads.#next++ % crossroads.#ways.length;
        const body = Buffer.concat(chunks);
        crossroads.passed.push({ method: request.method!, url: request.url!, body, way });
        const onward = send(
          crossroads.#ways[way] + request.url!,
          { method: request.method!, headers: { 'content-length': body.length }, agent: false },
          (answer) => {
            response.writeHead(answer.statusCode!, answer.headers);
            answer.pipe(response);
          },
        );
        onward.on('error', () => response.destroy());
        onward.end(body);
      });
    });
    const crossroads = new Crossroads(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return crossroads;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  leadTo(...ways: string[]): void {
    this.#ways = ways;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
