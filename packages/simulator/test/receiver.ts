import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { open, sign } from '../src/envelope.ts';

export interface Received {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly raw: string;
  readonly encrypt: string;
  /** '' if it cannot be opened with the key. */
  readonly message: string;
  readonly tail: string;
  readonly signed: boolean;
}

type Answer = { status?: number; body?: string } | 'close';

/** The push URLs of a platform, over real HTTP. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** The answer to the n-th push (from 0); `success` by default. */
  answer: (received: Received, n: number) => Answer;
  close(): Promise<void>;
}

export async function startReceiver(token: string, encodingAesKey: string, port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString('utf8');
    const url = new URL(request.url ?? '/', 'http://receiver');
    const encrypt = /<Encrypt><!\[CDATA\[(.*?)\]\]><\/Encrypt>/.exec(raw)?.[1] ?? '';
    const opened = tryOpen(encrypt, encodingAesKey);
    const query = url.searchParams;
    const signature = sign(token, query.get('timestamp') ?? '', query.get('nonce') ?? '', encrypt);
    const one: Received = {
      path: url.pathname,
      query,
      raw,
      encrypt,
      message: opened.message,
      tail: opened.appid,
      signed: signature === query.get('msg_signature'),
    };
    received.push(one);
    const answer = receiver.answer(one, received.length - 1);
    if (answer === 'close') request.socket.destroy();
    else response.writeHead(answer.status ?? 200).end(answer.body ?? 'success');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: () => ({}),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}

/** The text of an element of a decrypted push. */
export function element(message: string, name: string): string | undefined {
  return new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`).exec(message)?.[1];
}

function tryOpen(encrypt: string, key: string): { message: string; appid: string } {
  try {
    return open(encrypt, key);
  } catch {
    return { message: '', appid: '' };
  }
}
