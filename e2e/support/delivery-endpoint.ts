import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { freePort } from './free-port.ts';
import { IDLE_TIMEOUT_MS } from './idle-timeout.ts';

export interface Delivered {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The push that it carries. */
  readonly id: string;
}

/** A status; `hold`: no answer until `release`. */
type DeliveryAnswer = number | 'hold';

/** An endpoint of the business; it can be down, and counts what is open at once. */
export class DeliveryEndpoint {
  readonly received: Delivered[] = [];
  /** Requests that were open at the same time, at most. */
  mostOpen = 0;
  answer: (one: Delivered) => DeliveryAnswer;
  readonly #port: number;
  #open = 0;
  #server: Server | undefined;
  #held: ServerResponse[] = [];

  private constructor(server: Server, port: number, answer: (one: Delivered) => DeliveryAnswer) {
    this.#server = server;
    this.#port = port;
    this.answer = answer;
  }

  static async open(answer: (one: Delivered) => DeliveryAnswer = () => 204): Promise<DeliveryEndpoint> {
    // No other test may get the port while the endpoint is down.
    const port = await freePort();
    const server = await listening(port);
    const endpoint = new DeliveryEndpoint(server, port, answer);
    endpoint.#serve(server);
    return endpoint;
  }

  url(path = ''): string {
    return `http://127.0.0.1:${this.#port}/${path}`;
  }

  /** Each push once, in the order of its first arrival. */
  ids(path?: string): string[] {
    return [
      ...new Set(this.received.filter((one) => path === undefined || one.path === `/${path}`).map(({ id }) => id)),
    ];
  }

  /** It refuses connections. */
  async goDown(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  async comeBack(): Promise<void> {
    this.#server = await listening(this.#port);
    this.#serve(this.#server);
  }

  /** Answers what was held; from now on nothing is. */
  release(status = 204): void {
    this.answer = () => status;
    for (const response of this.#held) response.writeHead(status).end();
    this.#held = [];
  }

  close(): Promise<void> {
    return this.goDown();
  }

  #serve(server: Server): void {
    server.on('request', (request, response) => {
      this.mostOpen = Math.max(this.mostOpen, ++this.#open);
      response.once('close', () => this.#open--);
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const body = Buffer.concat(pieces).toString('utf8');
        const one = { path: request.url!, headers: request.headers, body, id: String(request.headers['webhook-id']) };
        this.received.push(one);
        const status = this.answer(one);
        if (status === 'hold') this.#held.push(response);
        else response.writeHead(status).end();
      });
    });
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return server;
}
