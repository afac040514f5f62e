import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { type RequestOptions, WxThirdparty } from '../src/index.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Stub {
  readonly client: WxThirdparty;
  /** The requests as `METHOD path`, in order. */
  readonly asked: string[];
  readonly headers: IncomingMessage['headers'][];
  readonly bodies: string[];
}

const open: { close(): void; closeAllConnections(): void }[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A gateway that returns the given answers one after the other, and then the last one again and again. */
export async function stub(answers: readonly Answer[], options: Partial<RequestOptions> = {}): Promise<Stub> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      bodies.push(body);
      answer(request, response);
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    client: new WxThirdparty({ url: `http://127.0.0.1:${port}/`, apiKey: 'a-key', ...options }),
    asked,
    headers,
    bodies,
  };
}

export function json(body: unknown, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** A refusal of the gateway. */
export function problem(status: number, code: string, remedy: string, more: object = {}): Answer {
  return (_request, response) => {
    const { retryAfter } = more as { retryAfter?: number };
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ type: 'urn:x', title: 't', status, detail: `said ${code}`, code, remedy, ...more }));
  };
}

/** The request arrives; its answer is lost. */
export const cutOff: Answer = (request) => request.socket.destroy();

/** A refusal of a server in front of the gateway. */
export function bare(status: number, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<h1>no</h1>');
  };
}

export function callRecord(changes: object = {}): object {
  return {
    ...{ id: 'call-1', state: 'completed', attempts: 1, createdAt: '2026-11-22T10:00:00.000Z' },
    ...{ settledAt: '2026-11-22T10:00:01.000Z', failure: null, quota: null },
    response: { status: 200, headers: {}, body: { errcode: 0, errmsg: 'ok' } },
    ...changes,
  };
}
