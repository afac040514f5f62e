import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { authority, expiredCertificate, receiverCertificate, receiverKey } from '../../test/certificates.ts';
import { DnsServer } from '../../test/dns-server.ts';
import { until } from '../../test/until.ts';
import { NameLookup } from './name-lookup.ts';
import type { OutboundRequest } from './outbound-request.ts';
import { OutboundSender } from './outbound-sender.ts';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const never = new AbortController().signal;

let dns: DnsServer;
/** The clock of the name cache. */
let now: number;
const opened: (() => unknown)[] = [];
beforeAll(async () => {
  dns = await DnsServer.open();
});
afterAll(() => dns.close());
beforeEach(() => {
  dns.answers.clear();
  now = 0;
});
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

function senderOf(deliveryNets: readonly string[] = LOOPBACK, hostsFile = '/nonexistent'): OutboundSender {
  const names = new NameLookup({ servers: [dns.server], hostsFile, now: () => now });
  const sender = new OutboundSender({ deliveryNets, names });
  opened.push(() => sender.close());
  return sender;
}

/** A server on 127.0.0.1 that counts its connections. */
class Web {
  connections = 0;
  readonly asked: {
    readonly method: string;
    readonly url: string;
    readonly headers: http.IncomingHttpHeaders;
    readonly body: string;
  }[] = [];
  readonly sockets = new Set<net.Socket>();
  readonly #server: net.Server;

  private constructor(server: net.Server) {
    this.#server = server;
    server.on('connection', (socket: net.Socket) => {
      this.connections++;
      this.sockets.add(socket.on('error', () => {}));
    });
  }

  static async open(
    answer: (request: http.IncomingMessage, response: http.ServerResponse) => void = (_request, response) =>
      response.end('{}'),
    tlsOptions?: https.ServerOptions,
  ): Promise<Web> {
    const listener: http.RequestListener = (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        web.asked.push({ method, url, headers, body: Buffer.concat(pieces).toString() });
        answer(request, response);
      });
    };
    const web = new Web(tlsOptions ? https.createServer(tlsOptions, listener) : http.createServer(listener));
    return web.#listen();
  }

  /** Accepts connections and never sends a byte. */
  static silent(): Promise<Web> {
    return new Web(net.createServer()).#listen();
  }

  async #listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    opened.push(() => this.close());
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}

const post = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  url,
  headers: { 'content-type': 'application/json' },
  body: '{"a":"中"}',
  timeoutMs: 60_000,
  maxAnswerBytes: 64 * 1024,
  signal: never,
  ...more,
});

it('sends method, path, headers and exact bytes, and returns status, headers and body', async () => {
  const web = await Web.open((_request, response) => response.writeHead(201, { 'X-Reply': 'a' }).end('yes'));
  const result = await senderOf().send(
    post(`http://127.0.0.1:${web.port}/hook?key=1`, { headers: { 'webhook-id': 'x' } }),
  );
  expect(result).toEqual({
    kind: 'answered',
    status: 201,
    headers: expect.objectContaining({ 'x-reply': 'a' }),
    body: Buffer.from('yes'),
    cut: false,
    ms: expect.any(Number),
  });
  expect(web.asked).toEqual([
    {
      method: 'POST',
      url: '/hook?key=1',
      headers: expect.objectContaining({
        host: `127.0.0.1:${web.port}`,
        'user-agent': 'wxthirdparty',
        'webhook-id': 'x',
        'content-length': '11',
      }),
      body: '{"a":"中"}',
    },
  ]);
});

it('sends a GET without a body', async () => {
  const web = await Web.open();
  const { body: _, ...get } = post(`http://127.0.0.1:${web.port}/?echostr=1`, { method: 'GET' });
  expect(await senderOf().send(get)).toMatchObject({ kind: 'answered', status: 200 });
  expect(web.asked[0]).toMatchObject({ method: 'GET', body: '' });
  expect(web.asked[0]?.headers).not.toHaveProperty('content-length');
});

describe('an address that is not allowed is refused everywhere, and nothing connects:', () => {
  const refusedBy = async (sender: OutboundSender, url: string) => {
    expect(await sender.send(post(url))).toEqual({
      kind: 'failed',
      code: 'address_not_allowed',
      ms: expect.any(Number),
    });
    await expect(sender.check(url)).rejects.toMatchObject({ code: 'address_not_allowed', setting: 'DELIVERY_NETS' });
  };

  it.each([
    ['2130706433', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1.', '127.0.0.1'],
    ['0', '0.0.0.0'],
    ['[::ffff:127.0.0.1]', '::ffff:7f00:1'],
    ['[::1]', '::1'],
    ['169.254.169.254', '169.254.169.254'],
    ['localhost', '127.0.0.1'],
    ['LOCALHOST.', '127.0.0.1'],
    ['any.localhost', '127.0.0.1'],
  ])('%s', async (host, address) => {
    const web = await Web.open();
    for (const protocol of ['http', 'https']) {
      const sender = senderOf([]);
      const url = `${protocol}://${host}:${web.port}/hook?secret=1`;
      await refusedBy(sender, url);
      const refusal = expect.objectContaining({ code: 'address_not_allowed', address, setting: 'DELIVERY_NETS' });
      expect(() => sender.refuseLiteral(url)).toThrow(refusal);
      expect(() => sender.refuseLiteral(url)).not.toThrow('secret');
    }
    expect(web.connections).toBe(0);
  });

  it('an IPv4 address inside IPv6, also where the address itself is listed', async () => {
    const web = await Web.open();
    await refusedBy(senderOf(), `http://[::ffff:127.0.0.1]:${web.port}/`);
    expect(web.connections).toBe(0);
  });

  it.each(['10.0.0.5', '127.0.0.1'])('a name that resolves to %s', async (address) => {
    const web = await Web.open();
    dns.answers.set('inner.test', [address]);
    await refusedBy(senderOf([]), `https://inner.test:${web.port}/`);
    expect(web.connections).toBe(0);
  });

  it('a name of which only one address is private, or that is an alias of a private one', async () => {
    const web = await Web.open();
    dns.answers.set('mixed.test', ['1.1.1.1', '127.0.0.1']);
    dns.answers.set('v6.test', ['1.1.1.1', 'fd00:0:0:0:0:0:0:1']);
    dns.answers.set('alias.test', { cname: 'inner.test', addresses: ['127.0.0.1'] });
    for (const name of ['mixed', 'v6', 'alias']) await refusedBy(senderOf([]), `https://${name}.test:${web.port}/`);
    expect(web.connections).toBe(0);
  });

  it('a name that changes between check and connection', async () => {
    const web = await Web.open();
    const sender = senderOf([]);
    const url = `https://changes.test:${web.port}/`;
    dns.answers.set('changes.test', ['1.1.1.1']);
    await sender.check(url);
    dns.answers.set('changes.test', ['127.0.0.1']);
    now = 30_000;
    expect(await sender.send(post(url))).toMatchObject({ code: 'address_not_allowed' });
    expect(web.connections).toBe(0);
  });

  it('http to a public address, whether a network is listed or not', async () => {
    dns.answers.set('shop.test', ['1.1.1.1']);
    await refusedBy(senderOf([]), 'http://1.1.1.1/');
    await refusedBy(senderOf(), 'http://1.1.1.1/');
    await refusedBy(senderOf([]), 'http://shop.test/');
    await refusedBy(senderOf(), 'http://shop.test/');
    expect(() => senderOf([]).refuseLiteral('http://shop.test/')).toThrow('DELIVERY_NETS');
    // Known only when the name is looked up.
    expect(() => senderOf().refuseLiteral('http://shop.test/')).not.toThrow();
  });

  it.each(['ftp://1.1.1.1/', 'https://user:password@1.1.1.1/', 'no URL'])('%s', (url) => refusedBy(senderOf(), url));

  it('a public address by https is not refused', async () => {
    dns.answers.set('shop.test', ['1.1.1.1', '2606:4700:0:0:0:0:0:1']);
    const sender = senderOf([]);
    for (const url of ['https://shop.test/', 'https://1.1.1.1/', 'https://[2606:4700::1]:8443/']) {
      sender.refuseLiteral(url);
      await sender.check(url);
    }
  });
});

describe('a listed network is reached', () => {
  it('by a name that DNS resolves to it, by localhost, and by a name of the hosts file', async () => {
    const web = await Web.open();
    dns.answers.set('app.test', ['127.0.0.1']);
    const dir = await mkdtemp(join(tmpdir(), 'hosts-'));
    opened.push(() => rm(dir, { recursive: true }));
    const hostsFile = join(dir, 'hosts');
    await writeFile(hostsFile, '127.0.0.1 app\n10.0.0.5 shop.test\n');
    const sender = senderOf(['127.0.0.0/8'], hostsFile);
    for (const host of ['app.test', 'localhost', 'app']) {
      expect(await sender.send(post(`http://${host}:${web.port}/`))).toMatchObject({ kind: 'answered' });
    }
    expect(web.asked.map(({ headers }) => headers.host)).toEqual([
      `app.test:${web.port}`,
      `localhost:${web.port}`,
      `app:${web.port}`,
    ]);
    // The hosts file counts for listed networks only.
    dns.answers.set('shop.test', ['1.1.1.1']);
    await sender.check('https://shop.test/');
  });

  it('at the address that accepts the connection, if there are several', async () => {
    const web = await Web.open();
    dns.answers.set('app.test', ['127.0.0.2', '127.0.0.1']);
    expect(await senderOf().send(post(`http://app.test:${web.port}/`))).toMatchObject({ kind: 'answered' });
  });
});

it('a name without an address is reported', async () => {
  const sender = senderOf();
  expect(await sender.send(post('https://none.test/'))).toMatchObject({ kind: 'failed', code: 'address_unresolved' });
  await expect(sender.check('https://none.test/?secret=1')).rejects.toMatchObject({
    code: 'address_unresolved',
    message: expect.not.stringContaining('secret'),
  });
});

it('a redirect is an answer and is not followed', async () => {
  const target = await Web.open();
  const web = await Web.open((_request, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${target.port}/` }).end(),
  );
  expect(await senderOf().send(post(`http://127.0.0.1:${web.port}/`))).toMatchObject({ kind: 'answered', status: 307 });
  expect(target.connections).toBe(0);
});

describe('certificates', () => {
  const valid = { key: receiverKey, cert: receiverCertificate };
  const trusted = tls.getCACertificates();
  beforeAll(() => tls.setDefaultCACertificates([...trusted, authority]));
  afterAll(() => tls.setDefaultCACertificates(trusted));
  afterEach(() => vi.unstubAllEnvs());

  it('of a known authority are accepted, for a name and for an address', async () => {
    const web = await Web.open(undefined, valid);
    dns.answers.set('receiver.test', ['127.0.0.1']);
    const sender = senderOf();
    for (const host of ['receiver.test', 'receiver.test.', '127.0.0.1']) {
      expect(await sender.send(post(`https://${host}:${web.port}/`))).toMatchObject({ kind: 'answered', status: 200 });
    }
  });

  it('of another name, expired ones, and those of an unknown authority are refused, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const web = await Web.open(undefined, valid);
    const expired = await Web.open(undefined, { key: receiverKey, cert: expiredCertificate });
    dns.answers.set('receiver.test', ['127.0.0.1']);
    dns.answers.set('other.test', ['127.0.0.1']);
    const sender = senderOf();
    const refused = { kind: 'failed', code: 'bad_certificate', ms: expect.any(Number) };
    expect(await sender.send(post(`https://other.test:${web.port}/`))).toEqual(refused);
    expect(await sender.send(post(`https://receiver.test:${expired.port}/`))).toEqual(refused);
    tls.setDefaultCACertificates(trusted);
    expect(await senderOf().send(post(`https://127.0.0.1:${web.port}/`))).toEqual(refused);
    expect([...web.asked, ...expired.asked]).toEqual([]);
  });

  it('a server without TLS has no connection', async () => {
    const web = await Web.open();
    expect(await senderOf().send(post(`https://127.0.0.1:${web.port}/`))).toMatchObject({ code: 'no_connection' });
  });
});

describe('a receiver that does not answer', () => {
  it('has no connection, where none is accepted', async () => {
    // No process listens there, whereas the port of a closed server may be another test's at once.
    expect(await senderOf().send(post('http://127.0.0.1:1/'))).toMatchObject({ kind: 'failed', code: 'no_connection' });
    expect(await senderOf().send(post('http://127.0.0.1:0/'))).toMatchObject({ code: 'no_connection' });
  });

  it('has no connection, where TLS is not established in 3 s', async () => {
    const web = await Web.silent();
    expect(await senderOf().send(post(`https://127.0.0.1:${web.port}/`))).toMatchObject({ code: 'no_connection' });
  });

  it('is out of time, before the answer or in the middle of it', async () => {
    const web = await Web.open((request, response) => {
      if (request.url === '/half') response.writeHead(200, { 'content-length': 10 }).write('half');
    });
    for (const path of ['none', 'half']) {
      expect(await senderOf().send(post(`http://127.0.0.1:${web.port}/${path}`, { timeoutMs: 200 }))).toMatchObject({
        kind: 'failed',
        code: 'timeout',
      });
    }
  });

  it.each([
    ['before it answers', (request: http.IncomingMessage) => request.socket.destroy()],
    [
      'in the middle of the answer',
      (request: http.IncomingMessage, response: http.ServerResponse) =>
        response.writeHead(200, { 'content-length': 10 }).write('half', () => request.socket.destroy()),
    ],
    ['with bytes that are no HTTP', (request: http.IncomingMessage) => request.socket.end('SSH-2.0\r\n')],
    [
      'by another protocol',
      (request: http.IncomingMessage) =>
        request.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    ],
    [
      'with endless headers',
      (request: http.IncomingMessage) => request.socket.end(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(100_000)}\r\n`),
    ],
  ])('has no connection, where it ends that %s; one request, one attempt', async (_when, answer) => {
    const web = await Web.open(answer);
    expect(await senderOf().send(post(`http://127.0.0.1:${web.port}/`))).toMatchObject({
      kind: 'failed',
      code: 'no_connection',
    });
    expect(web.asked).toHaveLength(1);
  });

  it('does not delay others, nor other requests to itself', async () => {
    const web = await Web.open((request, response) => {
      if (request.url !== '/hangs') response.end();
    });
    const sender = senderOf();
    const stop = new AbortController();
    const hanging = Array.from({ length: 300 }, () =>
      sender.send(post(`http://127.0.0.1:${web.port}/hangs`, { signal: stop.signal })),
    );
    await until('all are waiting', () => web.asked.length === 300);
    expect(await sender.send(post(`http://127.0.0.1:${web.port}/`))).toMatchObject({ kind: 'answered' });
    stop.abort();
    expect(await Promise.all(hanging)).toEqual(hanging.map(() => ({ kind: 'aborted' })));
  });
});

it('an abort ends a request before and after it was sent', async () => {
  const web = await Web.open(() => {});
  const url = `http://127.0.0.1:${web.port}/`;
  const sender = senderOf();
  expect(await sender.send(post(url, { signal: AbortSignal.abort() }))).toEqual({ kind: 'aborted' });
  expect(web.connections).toBe(0);
  const stop = new AbortController();
  const sending = sender.send(post(url, { signal: stop.signal }));
  await until('it was sent', () => web.asked.length === 1);
  stop.abort();
  expect(await sending).toEqual({ kind: 'aborted' });
});

describe('of an answer', () => {
  const MB = 1024 * 1024;
  /** Sends 100 MB as fast as they are read. */
  const huge = (_request: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeHead(200, { 'content-length': 100 * MB });
    const write = (remaining: number) => {
      if (remaining > 0 && !response.destroyed) response.write(Buffer.alloc(MB), () => write(remaining - 1));
    };
    write(100);
  };

  it.each([64 * 1024, 0])('of 100 MB at most %i bytes are kept, and the rest is not read', async (maxAnswerBytes) => {
    const web = await Web.open(huge);
    const result = await senderOf().send(post(`http://127.0.0.1:${web.port}/`, { maxAnswerBytes }));
    expect(result).toMatchObject({ kind: 'answered', status: 200, cut: maxAnswerBytes > 0 });
    expect(result.kind === 'answered' && result.body.length).toBe(maxAnswerBytes);
    await until('the connection is closed', () => [...web.sockets].every((socket) => socket.destroyed));
    // What the kernel buffered.
    for (const socket of web.sockets) expect(socket.bytesWritten).toBeLessThan(50 * MB);
  });

  it('exactly the limit is complete; one byte more is cut', async () => {
    const web = await Web.open((request, response) => response.end('x'.repeat(Number(request.url?.slice(1)))));
    const sender = senderOf();
    const answerOf = (size: number) =>
      sender.send(post(`http://127.0.0.1:${web.port}/${size}`, { maxAnswerBytes: 1_000 }));
    expect(await answerOf(1_000)).toMatchObject({ cut: false, body: Buffer.alloc(1_000, 'x') });
    expect(await answerOf(1_001)).toMatchObject({ cut: true, body: Buffer.alloc(1_000, 'x') });
    expect(await answerOf(0)).toMatchObject({ cut: false, body: Buffer.alloc(0) });
  });

  it('many tiny pieces are one body', async () => {
    const web = await Web.open((_request, response) => {
      const write = (count: number) => {
        if (count === 0) response.end();
        else response.write('ab', () => write(count - 1));
      };
      write(2_000);
    });
    expect(await senderOf().send(post(`http://127.0.0.1:${web.port}/`))).toMatchObject({
      body: Buffer.from('ab'.repeat(2_000)),
    });
  });

  it('only the status counts, if nothing is to be read: one that never ends does not matter', async () => {
    const web = await Web.open((_request, response) => response.writeHead(200).write('never ends'));
    const result = await senderOf().send(post(`http://127.0.0.1:${web.port}/`, { maxAnswerBytes: 0 }));
    expect(result).toMatchObject({ kind: 'answered', status: 200 });
    await until('the connection is closed', () => [...web.sockets].every((socket) => socket.destroyed));
  });
});

describe('a connection', () => {
  it.each([0, 1_000])('is used again, with %i bytes read of an answer', async (maxAnswerBytes) => {
    const web = await Web.open();
    const sender = senderOf();
    for (let i = 0; i < 5; i++) {
      const more = { maxAnswerBytes };
      expect(await sender.send(post(`http://127.0.0.1:${web.port}/`, more))).toMatchObject({ kind: 'answered' });
      // The next request finds the connection idle only after the answer has ended.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(web.connections).toBeLessThan(5);
  });

  it('that was closed while it was idle is replaced, without a failure', async () => {
    const served = new Map<net.Socket, number>();
    const web = await Web.open((request, response) => {
      const count = (served.get(request.socket) ?? 0) + 1;
      served.set(request.socket, count);
      if (count > 1) request.socket.destroy();
      else response.end('{}');
    });
    const sender = senderOf();
    for (let i = 0; i < 4; i++) {
      expect(await sender.send(post(`http://127.0.0.1:${web.port}/`))).toMatchObject({ kind: 'answered' });
    }
  });

  it('ends when the sender is closed, idle or not', async () => {
    const web = await Web.open((request, response) => {
      if (request.url !== '/hangs') response.end();
    });
    const sender = senderOf();
    await sender.send(post(`http://127.0.0.1:${web.port}/`));
    const hanging = sender.send(post(`http://127.0.0.1:${web.port}/hangs`));
    await until('it was sent', () => web.asked.length === 2);
    await sender.close();
    expect(await hanging).toMatchObject({ kind: 'failed', code: 'no_connection' });
    await until('all are closed', () => [...web.sockets].every((socket) => socket.destroyed));
    expect(await sender.send(post(`http://127.0.0.1:${web.port}/`))).toMatchObject({ code: 'no_connection' });
  });
});
