import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { setImmediate as nextTick, setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openTransport } from './open-transport.ts';
import { type Transport, TransportFailure, type WeChatRequest } from './transport.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function transportWith(options: Parameters<typeof openTransport>[0] = {}): Transport {
  const transport = openTransport(options);
  opened.push(() => transport.close());
  return transport;
}

async function listen(server: net.Server): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  opened.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const web = (answer: http.RequestListener) => listen(http.createServer(answer));
const post = (url: string, more: Partial<WeChatRequest> = {}): WeChatRequest => ({
  method: 'POST',
  url,
  body: Buffer.from('{"a":1}'),
  timeoutMs: 60_000,
  ...more,
});
const failureOf = async (promise: Promise<unknown>): Promise<TransportFailure> => {
  const error = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(TransportFailure);
  return error as TransportFailure;
};
const secret = 'access_token=SECRET_TOKEN';
const everything = (error: Error): string =>
  [error.message, error.stack, JSON.stringify(error), String(error.cause), JSON.stringify(error.cause)].join(' ');

/** Runs in a thread of its own: answers when word 0 is set, and sets word 1 once the answer is written. */
const SERVER = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:http').createServer((request, response) => {
  request.resume().on('end', () => {
    parentPort.postMessage('asked');
    Atomics.wait(workerData, 0, 0);
    response.end('{"errcode":0}', () => {
      Atomics.store(workerData, 1, 1);
      Atomics.notify(workerData, 1);
    });
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

describe('a request', () => {
  test('whose timeout passes while the process does not run receives the answer that arrived meanwhile', async () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const thread = new Worker(SERVER, { eval: true, workerData: words });
    opened.push(() => thread.terminate());
    const next = () => new Promise<unknown>((resolve) => thread.once('message', resolve));
    const base = `http://127.0.0.1:${await next()}`;
    const asked = next();
    const timeoutMs = 123_456;
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const answered = transportWith().send(post(base, { timeoutMs }));
    const timedOut = timers.mock.calls.find(([, ms]) => ms === timeoutMs)![0] as () => void;
    timers.mockRestore();
    await asked;
    // From here on this is the turn of timers, as after a freeze.
    await pause(0);
    Atomics.store(words, 0, 1);
    Atomics.notify(words, 0);
    Atomics.wait(words, 1, 0);
    timedOut();
    expect(await answered).toMatchObject({ status: 200 });
  });

  test('arrives with method, path, query, headers and body', async () => {
    const base = await web((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        response.setHeader('X-Method', `${request.method} ${request.url} ${request.headers['content-type']}`);
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        response.end(Buffer.concat(chunks));
      });
    });
    const request = post(`${base}/cgi-bin/x?a=1&b=%2B`, { headers: { 'content-type': 'text/x' } });
    const { status, headers, body } = await transportWith().send(request);
    expect({ status, body: body.toString() }).toEqual({ status: 200, body: '{"a":1}' });
    expect(headers).toMatchObject({ 'x-method': 'POST /cgi-bin/x?a=1&b=%2B text/x', 'set-cookie': 'a=1, b=2' });
  });

  test('gets a 502 page or a redirect as its answer; no redirect is followed', async () => {
    let asked = 0;
    const base = await web((_request, response) => {
      asked++;
      response.writeHead(asked === 1 ? 502 : 302, { location: '/elsewhere' }).end('<html>');
    });
    const transport = transportWith();
    expect(await transport.send(post(base))).toMatchObject({ status: 502 });
    expect(await transport.send(post(base))).toMatchObject({ status: 302, body: Buffer.from('<html>') });
    expect(asked).toBe(2);
  });

  test('may have an answer with an empty body', async () => {
    const base = await web((_request, response) => void response.end());
    expect((await transportWith().send(post(base))).body).toHaveLength(0);
  });

  test('reuses a socket', async () => {
    let sockets = 0;
    const server = http.createServer((_request, response) => void response.end('{}'));
    server.on('connection', () => sockets++);
    const base = await listen(server);
    const transport = transportWith();
    for (let i = 0; i < 5; i++) await transport.send(post(base));
    // Two at most: the first may not be free yet when its answer is there.
    expect(sockets).toBeLessThanOrEqual(2);
  });
});

describe('certainly nothing reached WeChat if', () => {
  test('no process listens, the name does not exist, or the URL is invalid', async () => {
    for (const url of ['http://127.0.0.1:1', 'http://no-such-host.invalid', 'no url at all']) {
      const failure = await failureOf(transportWith().send(post(`${url}/cgi-bin/x?${secret}`)));
      expect(failure).toMatchObject({ sent: 'no', code: 'wechat_unreachable', remedy: 'retry' });
      expect(everything(failure)).not.toContain('SECRET_TOKEN');
    }
  });

  test('the request was aborted while it waited for a socket', async () => {
    const arrived = Promise.withResolvers<void>();
    const base = await web(() => arrived.resolve());
    const transport = transportWith({ connections: 1 });
    const gone = new AbortController();
    const first = failureOf(transport.send(post(base, { signal: gone.signal })));
    await arrived.promise;
    let sent = false;
    const second = failureOf(transport.send(post(base, { timeoutMs: 50, beforeSend: () => (sent = true) })));
    expect(await second).toMatchObject({ sent: 'no', code: 'wechat_timeout' });
    gone.abort();
    expect(await first).toMatchObject({ sent: 'maybe', code: 'wechat_timeout' });
    await nextTick();
    expect(sent).toBe(false);
  });

  test('the signal was already aborted', async () => {
    const failure = await failureOf(transportWith().send(post('http://127.0.0.1:9', { signal: AbortSignal.abort() })));
    expect(failure.sent).toBe('no');
  });

  test('beforeSend() threw: the error is passed on, and the socket is reused', async () => {
    let asked = 0;
    const base = await web((_request, response) => {
      asked++;
      response.end('{}');
    });
    const transport = transportWith({ connections: 1 });
    await transport.send(post(base));
    const thrown = new Error('lease lost');
    const promise = transport.send(
      post(base, {
        beforeSend: () => {
          throw thrown;
        },
      }),
    );
    await expect(promise).rejects.toBe(thrown);
    expect((await transport.send(post(base))).status).toBe(200);
    expect(asked).toBe(2);
  });

  test('an idle socket was reset or closed before it was used again: another one is opened, beforeSend() runs once', async () => {
    for (const end of ['resetAndDestroy', 'end', 'destroy'] as const) {
      const sockets: net.Socket[] = [];
      const server = http.createServer((_request, response) => void response.end('{}'));
      server.on('connection', (socket) => sockets.push(socket));
      const base = await listen(server);
      const transport = transportWith();
      for (let i = 0; i < 20; i++) {
        let sent = 0;
        const answer = transport.send(post(base, { beforeSend: () => sent++ }));
        const result = await answer.catch((error: unknown) => error);
        if (result instanceof TransportFailure) expect(result.sent).toBe('no');
        else expect(result).toMatchObject({ status: 200 });
        expect(sent).toBe(1);
        sockets.at(-1)?.[end]();
        if (i % 2 === 0) await nextTick();
      }
    }
  });

  test('the proxy refuses', async () => {
    const proxy = await listen(
      http.createServer().on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')),
    );
    const failure = await failureOf(transportWith({ proxy }).send(post(`http://api.invalid/x?${secret}`)));
    expect(failure.sent).toBe('no');
    expect(everything(failure)).not.toContain('SECRET_TOKEN');
  });
});

describe('WeChat may have acted if', () => {
  test.each(['resetAndDestroy', 'end', 'destroy'] as const)('it read the request, then %s', async (end) => {
    const base = await listen(net.createServer((socket) => socket.once('data', () => socket[end]())));
    const failure = await failureOf(transportWith().send(post(`${base}/cgi-bin/x?${secret}`)));
    expect(failure).toMatchObject({ sent: 'maybe', code: 'wechat_unreachable' });
    expect(everything(failure)).not.toContain('SECRET_TOKEN');
  });

  test('it read a second request on the same socket, then reset', async () => {
    let asked = 0;
    const base = await web((request, response) => {
      if (++asked === 1) response.end('{}');
      else request.socket.resetAndDestroy();
    });
    const transport = transportWith();
    await transport.send(post(base));
    expect((await failureOf(transport.send(post(base)))).sent).toBe('maybe');
  });

  test('it never answers or never ends its answer', async () => {
    for (const answer of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf']) {
      const base = await listen(net.createServer((socket) => void socket.write(answer)));
      const failure = await failureOf(transportWith().send(post(base, { timeoutMs: 1_500 })));
      expect(failure).toMatchObject({ sent: 'maybe', code: 'wechat_timeout' });
    }
  });

  test('it sends an invalid answer, or closes the connection within the answer', async () => {
    for (const answer of ['SMTP ready\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf']) {
      const base = await listen(net.createServer((socket) => socket.once('data', () => socket.end(answer))));
      expect(await failureOf(transportWith().send(post(base)))).toMatchObject({ sent: 'maybe' });
    }
  });

  test('the caller aborts the request', async () => {
    const gone = new AbortController();
    const base = await web(() => gone.abort(new Error('SECRET_TOKEN')));
    const failure = await failureOf(transportWith().send(post(base, { signal: gone.signal })));
    expect(failure).toMatchObject({ sent: 'maybe', code: 'wechat_timeout' });
    expect(everything(failure)).not.toContain('SECRET_TOKEN');
  });

  test('the answer has no end, announced or not', async () => {
    for (const announced of [true, false]) {
      const base = await web((_request, response) => {
        if (announced) response.setHeader('content-length', 26 * 1024 * 1024);
        const more = () => {
          if (response.destroyed) return;
          response.write(Buffer.alloc(1024 * 1024));
          setImmediate(more);
        };
        more();
      });
      const failure = await failureOf(transportWith().send(post(base)));
      expect(failure).toMatchObject({ sent: 'maybe', code: 'wechat_unreachable' });
      expect(failure.message).toContain('larger');
    }
  });
});

test('a proxy is used with a tunnel', async () => {
  const base = await web((_request, response) => void response.end('{"errcode":0}'));
  const seen: string[] = [];
  const proxy = await listen(
    http.createServer().on('connect', (request, client: net.Socket) => {
      seen.push(`${request.method} ${request.url}`);
      const [host, port] = (request.url ?? '').split(':');
      const upstream = net.connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [upstream, client]) socket.on('error', () => {});
    }),
  );
  const { body } = await transportWith({ proxy }).send(post(`${base}/x?${secret}`));
  expect(body.toString()).toBe('{"errcode":0}');
  expect(seen).toEqual([`CONNECT ${base.replace('http://', '')}`]);
});

test('an invalid URL of a proxy needs an operator and is not quoted', () => {
  expect(() => openTransport({ proxy: 'user:password at proxy' })).toThrow(
    expect.objectContaining({ code: 'invalid_proxy', message: expect.not.stringContaining('password') }),
  );
});
