import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IDLE_TIMEOUT_MS } from './idle-timeout.ts';

/** A delivery in format `json`. */
export interface ReceivedPush {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly type: string;
  readonly id: string;
  readonly text: string;
}

export interface EndpointAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

type Handler = (push: ReceivedPush, response: ServerResponse) => EndpointAnswer | Promise<EndpointAnswer | 'handled'>;

/** A business program that receives pushes; a story replaces what it answers. */
export class Endpoint {
  readonly received: ReceivedPush[] = [];
  answer: Handler = () => ({ status: 204 });
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Endpoint> {
    const server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const { type, data } = JSON.parse(body);
        const push = { headers: request.headers, body, type, id: data.id, text: data.fields?.Content ?? '' };
        endpoint.received.push(push);
        void Promise.resolve(endpoint.answer(push, response)).then((answer) => {
          if (answer === 'handled' || response.destroyed) return;
          const { status = 200, headers = {}, body: text = '' } = answer;
          response.writeHead(status, headers).end(text);
        });
      });
    });
    const endpoint = new Endpoint(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/wx`;
  }

  /** Those with this text. */
  of(text: string): ReceivedPush[] {
    return this.received.filter((push) => push.text === text);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers with a reply. */
export function replying(reply: object): EndpointAnswer {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reply }) };
}
