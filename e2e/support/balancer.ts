import {
  Agent,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { IDLE_TIMEOUT_MS } from './idle-timeout.ts';

const CHECK_EVERY_MS = 50;

interface Backend {
  readonly url: string;
  ready: boolean;
  check: Promise<void>;
}

/**
 * A load balancer as operators use it: it asks each process for `/readyz`, keeps connections open, and gives a request
 * to the next process that is ready. It repeats nothing: a request that a process refuses or cuts off has failed.
 */
export class Balancer {
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  #backends: readonly Backend[] = [];
  #next = 0;
  #closed = false;

  private constructor() {
    this.#server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS }, (request, response) =>
      this.#pass(request, response),
    );
  }

  static async open(): Promise<Balancer> {
    const balancer = new Balancer();
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve));
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The number of processes that receive requests now. */
  get ready(): number {
    return this.#backends.filter(({ ready }) => ready).length;
  }

  balance(urls: readonly string[]): void {
    this.#backends = urls.map((url) => {
      const backend: Backend = { url, ready: false, check: Promise.resolve() };
      backend.check = this.#keepChecking(backend);
      return backend;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#backends.map(({ check }) => check));
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #keepChecking(backend: Backend): Promise<void> {
    while (!this.#closed) {
      const answer = await fetch(`${backend.url}/readyz`).catch(() => undefined);
      await answer?.arrayBuffer().catch(() => {});
      backend.ready = answer?.status === 200;
      await new Promise((resolve) => setTimeout(resolve, CHECK_EVERY_MS));
    }
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const ready = this.#backends.filter((backend) => backend.ready);
    const backend = ready[this.#next++ % ready.length];
    if (!backend) {
      response.writeHead(502).end('no process is ready');
      return;
    }
    const { method, headers, url } = request;
    const onward = send(backend.url + url, { method: method!, headers, agent: this.#agent }, (answer) => {
      // The header concerns the connection between process and balancer; the client keeps its own.
      const { connection: _, ...passed } = answer.headers;
      response.writeHead(answer.statusCode!, passed);
      answer.pipe(response);
    });
    onward.on('error', (error) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end(error.message);
    });
    request.pipe(onward);
  }
}
