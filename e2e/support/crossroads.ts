import { createServer, type Server, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IDLE_TIMEOUT_MS } from './idle-timeout.ts';

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
  #exception: { readonly path: RegExp; readonly ways: readonly string[] } | undefined;
  #next = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Crossroads> {
    const server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const ways = crossroads.#waysOf(request.url!);
        if (ways.length === 0) {
          response.writeHead(502).end();
          return;
        }
        const way = crossroads.#next++ % ways.length;
        const body = Buffer.concat(chunks);
        crossroads.passed.push({ method: request.method!, url: request.url!, body, way });
        const onward = send(
          ways[way] + request.url!,
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

  /** All requests. */
  leadTo(...ways: string[]): void {
    this.#ways = ways;
    this.#exception = undefined;
  }

  /** The requests to these paths; all others keep their way. */
  leadOnly(path: RegExp, ...ways: string[]): void {
    this.#exception = { path, ways };
  }

  #waysOf(url: string): readonly string[] {
    return this.#exception?.path.test(url) ? this.#exception.ways : this.#ways;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
