import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
  /** Instead of JSON. */
  readonly html?: true;
}

export interface GatewayStub extends AsyncDisposable {
  readonly url: string;
  readonly received: Received[];
  /** Connections are refused from now on. */
  close(): Promise<void>;
}

/** A server in the place of the gateway, which records requests. `undefined` closes the connection. */
export async function startGatewayStub(answerOf: (request: Received) => Answer | undefined): Promise<GatewayStub> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const serve = async () => {
      const { pathname: path, searchParams: query } = new URL(request.url!, 'http://gateway');
      const { method = '', headers } = request;
      const one: Received = { method, path, query, headers, body: await text(request) };
      received.push(one);
      const answer = answerOf(one);
      if (answer === undefined) return request.socket.destroy();
      const { status = 200, body, html } = answer;
      const type = html ? 'text/html' : status >= 400 ? 'application/problem+json' : 'application/json';
      return response.writeHead(status, { 'content-type': type }).end(html ? String(body) : JSON.stringify(body));
    };
    serve().catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received, close, [Symbol.asyncDispose]: close };
}

/** The token of ours that a program asks for, numbered. */
export function tokenAnswer(number: number, lifeS = 7200): Answer {
  return { body: { access_token: `wxt_${number}`, expires_in: lifeS } };
}
