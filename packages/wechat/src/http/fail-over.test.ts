import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failOver, type HostNews } from './fail-over.ts';
import { openTransport, type TransportOptions } from './open-transport.ts';
import { type Transport, TransportFailure, type WeChatRequest } from './transport.ts';

const opened: (() => unknown)[] = [];
let news: HostNews[];
/** The clock of the circuits; only tests advance it. */
let now: number;
beforeEach(() => {
  news = [];
  now = 0;
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/**
 * Ports of this process' tests, below those that systems assign, and beside those of the platform's tests: while a host is
 * closed, no other server gets its port.
 */
const [FIRST_PORT, PORTS] = [32_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 8) * 90, 90];
let ports = 0;

async function listenOnNextPort(server: http.Server): Promise<void> {
  for (;;) {
    const listening = new Promise<void>((resolve, reject) => server.once('error', reject).once('listening', resolve));
    server.listen(FIRST_PORT + (ports++ % PORTS), '127.0.0.1');
    try {
      return await listening;
    } catch {
      // Another run of the tests uses it.
    } finally {
      server.removeAllListeners('error').removeAllListeners('listening');
    }
  }
}

/** A WeChat host that can be closed and opened again on its port. */
class Web {
  connections = 0;
  readonly asked: string[] = [];
  readonly #server: http.Server;
  readonly port: number;

  private constructor(server: http.Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', () => this.connections++);
  }

  static async open(answer?: (request: http.IncomingMessage, response: http.ServerResponse) => void): Promise<Web> {
    const server = http.createServer((request, response) => {
      web.asked.push(request.url!);
      if (answer) answer(request, response);
      else response.end('{"errcode":0}');
    });
    await listenOnNextPort(server);
    const web = new Web(server);
    opened.push(() => web.shut());
    return web;
  }

  get base(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async shut(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((done) => this.#server.close(done));
  }

  async reopen(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(this.port, '127.0.0.1', done));
  }
}

/** Accepts connections and never sends a byte, so that no TLS handshake succeeds. */
async function blackHole(onConnection = () => {}): Promise<{ base: string; connections: () => number }> {
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    connections++;
    onConnection();
    sockets.add(socket.on('error', () => {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  opened.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  return { base: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

/** Different addresses. Nothing listens below port 20, whereas the port of a closed server may be another test's at once. */
function refusing(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `http://127.0.0.1:${i + 1}`);
}

function over(bases: readonly string[], options: TransportOptions = {}, clock: () => number = () => now): Transport {
  const transport = failOver(openTransport(options), { bases, reportHost: (one) => news.push(one), now: clock });
  opened.push(() => transport.close());
  return transport;
}

const post = (base: string, more: Partial<WeChatRequest> = {}): WeChatRequest => ({
  method: 'POST',
  url: `${base}/cgi-bin/x?access_token=SECRET_TOKEN`,
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
const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 60_000, interval: 5 });

describe('a host that refuses connections', () => {
  test('is skipped; beforeSend() runs once, and path, query and body arrive', async () => {
    const [dead] = refusing(1);
    const good = await Web.open((request, response) => void request.pipe(response));
    const beforeSend = vi.fn();
    const { body } = await over([dead!, good.base]).send(post(dead!, { beforeSend }));
    expect(body.toString()).toBe('{"a":1}');
    expect(good.asked).toEqual(['/cgi-bin/x?access_token=SECRET_TOKEN']);
    expect(beforeSend).toHaveBeenCalledTimes(1);
  });

  test('is not tried after three failures, and used again once it is reachable, without a request having to try it', async () => {
    const first = await Web.open();
    const second = await Web.open();
    const transport = over([first.base, second.base]);
    await transport.send(post(first.base));
    expect([first.asked.length, second.asked.length]).toEqual([1, 0]);

    await first.shut();
    for (let i = 0; i < 5; i++) await transport.send(post(first.base));
    expect(news).toEqual([
      { host: `127.0.0.1:${first.port}`, reachable: false, reason: expect.stringContaining('ECONNREFUSED') },
    ]);
    expect(second.asked).toHaveLength(5);

    await first.reopen();
    first.connections = 0;
    now += 9_999;
    await transport.send(post(first.base));
    expect(first.connections).toBe(0);
    now += 1;
    await Promise.all(Array.from({ length: 10 }, () => transport.send(post(first.base))));
    await until(() => news.length === 2);
    expect(news[1]).toEqual({ host: `127.0.0.1:${first.port}`, reachable: true });
    // One probe, which sent nothing.
    expect(first).toMatchObject({ connections: 1, asked: { length: 1 } });
    expect(second.asked).toHaveLength(16);

    await transport.send(post(first.base));
    expect([first.asked.length, second.asked.length]).toEqual([2, 16]);
  });

  test('is not tried for another pause if a probe fails', async () => {
    const first = await Web.open();
    const second = await Web.open();
    const transport = over([first.base, second.base]);
    await first.shut();
    for (let i = 0; i < 3; i++) await transport.send(post(first.base));
    for (let round = 0; round < 3; round++) {
      now += 10_000;
      await transport.send(post(first.base));
    }
    expect(second.asked).toHaveLength(6);
    await first.reopen();
    now += 9_999;
    await transport.send(post(first.base));
    now += 10_000;
    await transport.send(post(first.base));
    await until(() => news.length === 2);
    expect(news.map(({ reachable }) => reachable)).toEqual([false, true]);
  });

  test('is also skipped if TLS fails or its name does not exist', async () => {
    const speaksNoTls = await Web.open();
    const good = await Web.open();
    for (const dead of [`https://127.0.0.1:${speaksNoTls.port}`, 'http://no-such-host.invalid']) {
      const transport = over([dead, good.base]);
      expect(await transport.send(post(dead))).toMatchObject({ status: 200 });
    }
    const resets = net.createServer((socket) =>
      socket.on('error', () => {}).once('data', () => socket.resetAndDestroy()),
    );
    await new Promise<void>((done) => resets.listen(0, '127.0.0.1', done));
    opened.push(() => resets.close());
    const dead = `https://127.0.0.1:${(resets.address() as AddressInfo).port}`;
    expect(await over([dead, good.base]).send(post(dead))).toMatchObject({ status: 200 });
    expect(good.asked).toHaveLength(3);
  });

  test('does not make the request fail while one of five hosts is reachable', async () => {
    const dead = refusing(4);
    const good = await Web.open();
    const transport = over([...dead, good.base]);
    for (let i = 0; i < 4; i++) expect(await transport.send(post(dead[0]!))).toMatchObject({ status: 200 });
    expect(news.map(({ host }) => `http://${host}`)).toEqual(dead);
  });

  test('like all the others makes the request fail, and the first reachable one is used at once', async () => {
    const webs = await Promise.all([Web.open(), Web.open(), Web.open()]);
    await Promise.all(webs.map((web) => web.shut()));
    const [first, , third] = webs as [Web, Web, Web];
    const transport = over(webs.map(({ base }) => base));
    for (let i = 0; i < 4; i++) {
      const failure = await failureOf(transport.send(post(first.base)));
      expect(failure).toMatchObject({ sent: 'no', unreached: 'host', code: 'wechat_unreachable' });
    }
    expect(news).toHaveLength(3);
    await third.reopen();
    expect(await transport.send(post(first.base))).toMatchObject({ status: 200 });
    expect(news.at(-1)).toEqual({ host: `127.0.0.1:${third.port}`, reachable: true });
  });
});

describe('a host that does not answer connections', () => {
  const realClock = () => performance.now();

  test('costs one connect timeout; later requests use another host at once', async () => {
    const hole = await blackHole();
    const good = await Web.open();
    const transport = over([hole.base, good.base], { connectTimeoutMs: 1_100 }, realClock);
    expect(await transport.send(post(hole.base))).toMatchObject({ status: 200 });
    expect(news).toMatchObject([{ reachable: false }]);
    await transport.send(post(hole.base));
    expect(hole.connections()).toBe(1);
  });

  test('a request that beforeSend() refuses after that is not sent', async () => {
    const hole = await blackHole();
    const good = await Web.open();
    const transport = over([hole.base, good.base], { connectTimeoutMs: 1_100 }, realClock);
    const tooOld = new Error('too old');
    const startedAt = performance.now();
    const beforeSend = () => {
      if (performance.now() - startedAt > 500) throw tooOld;
    };
    await expect(transport.send(post(hole.base, { beforeSend }))).rejects.toBe(tooOld);
    expect(good.asked).toEqual([]);
  });

  test('the timeout covers all hosts together', async () => {
    const holes = [await blackHole(), await blackHole(), await blackHole()];
    const transport = over(
      holes.map(({ base }) => base),
      { connectTimeoutMs: 1_100 },
      realClock,
    );
    const failure = await failureOf(transport.send(post(holes[0]!.base, { timeoutMs: 1_900 })));
    expect(failure).toMatchObject({ sent: 'no', code: 'wechat_timeout' });
    expect(holes[2]!.connections()).toBe(0);
  });

  test('is one of several of which not all are tried', async () => {
    const holes = [await blackHole(), await blackHole(), await blackHole()];
    const transport = over(
      holes.map(({ base }) => base),
      { connectTimeoutMs: 50 },
      // Each reading of the clock advances it by two seconds.
      () => (now += 2_000),
    );
    const failure = await failureOf(transport.send(post(holes[0]!.base, { timeoutMs: 60_000 })));
    expect(failure).toMatchObject({ sent: 'no', unreached: 'host' });
    // A timeout may pass before this process has accepted the connection.
    await until(() => holes[0]!.connections() + holes[1]!.connections() === 2);
    expect(holes.map(({ connections }) => connections())).toEqual([1, 1, 0]);
  });

  test('is probed without a request', async () => {
    const hole = await blackHole(() => {
      now += 1_000;
    });
    const good = await Web.open();
    const transport = over([hole.base, good.base], { connectTimeoutMs: 1_000 });
    await transport.send(post(hole.base));
    expect(news).toMatchObject([{ reachable: false }]);
    now += 10_000;
    const sending = Array.from({ length: 5 }, () => transport.send(post(hole.base)));
    await Promise.all(sending);
    await until(() => hole.connections() === 2);
    expect(good.asked).toHaveLength(6);
  });
});

describe('not sent to another host is', () => {
  test.each(['resetAndDestroy', 'end', 'destroy'] as const)('a request that may have arrived: %s', async (end) => {
    const first = await Web.open((request) => void request.socket[end]());
    const second = await Web.open();
    const transport = over([first.base, second.base]);
    for (let i = 0; i < 4; i++)
      expect(await failureOf(transport.send(post(first.base)))).toMatchObject({ sent: 'maybe' });
    expect(first.asked).toHaveLength(4);
    expect(second.connections).toBe(0);
    expect(news).toEqual([]);
  });

  test('a request without an answer in time, also if the caller aborted it', async () => {
    const gone = new AbortController();
    const first = await Web.open(() => gone.abort());
    const second = await Web.open();
    const transport = over([first.base, second.base]);
    expect(await failureOf(transport.send(post(first.base, { timeoutMs: 1_500 })))).toMatchObject({ sent: 'maybe' });
    const failure = await failureOf(transport.send(post(first.base, { signal: gone.signal })));
    expect(failure).toMatchObject({ sent: 'no', unreached: undefined });
    expect(second.connections).toBe(0);
  });

  test.each([
    [200, '{"errcode":-1}'],
    [200, '{"errcode":40001}'],
    [502, '<html>'],
    [503, ''],
  ])('a request with an answer: %i %s', async (status, text) => {
    const first = await Web.open((_request, response) => void response.writeHead(status).end(text));
    const second = await Web.open();
    const transport = over([first.base, second.base]);
    for (let i = 0; i < 4; i++) expect(await transport.send(post(first.base))).toMatchObject({ status });
    expect(second.connections).toBe(0);
  });

  test('a request that beforeSend() refused', async () => {
    const first = await Web.open();
    const second = await Web.open();
    const held = new Error('lease lost');
    const beforeSend = () => {
      throw held;
    };
    await expect(over([first.base, second.base]).send(post(first.base, { beforeSend }))).rejects.toBe(held);
    expect(first.asked).toEqual([]);
    expect(second.connections).toBe(0);
  });

  test('a request on a socket that was reset while it was idle', async () => {
    const sockets: net.Socket[] = [];
    const first = await Web.open((request, response) => {
      sockets.push(request.socket);
      response.end('{}');
    });
    const second = await Web.open();
    const transport = over([first.base, second.base]);
    for (let i = 0; i < 20; i++) {
      // Sometimes it fails (the write itself was refused): that does not mean that the host is unreachable.
      await transport.send(post(first.base)).catch((error: unknown) => expect(error).toMatchObject({ sent: 'no' }));
      sockets.at(-1)?.resetAndDestroy();
      if (i % 2 === 0) await pause(1);
    }
    expect(second.connections).toBe(0);
    expect(news).toEqual([]);
  });

  test('a request to another address than the API', async () => {
    const [dead] = refusing(1);
    const good = await Web.open();
    const transport = over([good.base, good.base]);
    expect(await failureOf(transport.send(post(dead!)))).toMatchObject({ unreached: 'host' });
    expect(good.asked).toEqual([]);
    expect(news).toEqual([]);
  });
});

describe('through a proxy', () => {
  /** Answers CONNECT with the status; with 200 it connects to the requested host. */
  async function proxyThat(
    answer: (target: string) => number | 'silent' | 'hangs up',
  ): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const server = http.createServer().on('connect', (request, client: net.Socket) => {
      asked.push(request.url!);
      client.on('error', () => {});
      const status = answer(request.url!);
      if (status === 'silent') return;
      if (status === 'hangs up') return void client.destroy();
      if (status !== 200) return void client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const [host, port] = request.url!.split(':');
      const upstream = net.connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('close', () => upstream.destroy());
      opened.push(() => client.destroy());
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    opened.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  test('that is unreachable: nothing is tried twice, and no circuit opens', async () => {
    const [proxy] = refusing(1);
    const hosts = [await Web.open(), await Web.open()];
    const transport = over(
      hosts.map(({ base }) => base),
      { proxy: proxy! },
    );
    for (let i = 0; i < 4; i++) {
      const failure = await failureOf(transport.send(post(hosts[0]!.base)));
      expect(failure).toMatchObject({ sent: 'no', unreached: 'proxy', code: 'wechat_unreachable' });
    }
    expect(news).toEqual([]);
  });

  test.each([407, 403, 'hangs up'] as const)('that refuses us: %s', async (status) => {
    const proxy = await proxyThat(() => status);
    const hosts = [await Web.open(), await Web.open()];
    const transport = over(
      hosts.map(({ base }) => base),
      { proxy: proxy.url },
    );
    for (let i = 0; i < 4; i++) {
      expect(await failureOf(transport.send(post(hosts[0]!.base)))).toMatchObject({ sent: 'no', unreached: 'proxy' });
    }
    expect(proxy.asked).toHaveLength(4);
    expect(news).toEqual([]);
  });

  test.each([502, 503, 504, 'silent'] as const)('that cannot reach the first host: %s', async (status) => {
    const [first, second] = [await Web.open(), await Web.open()];
    const proxy = await proxyThat((target) => {
      if (target !== `127.0.0.1:${first.port}`) return 200;
      // As long as it does not answer.
      if (status === 'silent') now += 1_000;
      return status;
    });
    const limit = status === 'silent' ? { connectTimeoutMs: 1_000 } : {};
    const transport = over([first.base, second.base], { proxy: proxy.url, ...limit });
    for (let i = 0; i < 4; i++) expect(await transport.send(post(first.base))).toMatchObject({ status: 200 });
    expect(first.asked).toEqual([]);
    expect(second.asked).toHaveLength(4);
    expect(news).toMatchObject([{ reachable: false }]);
  });
});

test('with a single base the transport is unchanged', () => {
  const transport = openTransport();
  opened.push(() => transport.close());
  expect(failOver(transport, { bases: ['http://127.0.0.1'] })).toBe(transport);
});

test('more concurrent requests than sockets are all answered', async () => {
  const [dead] = refusing(1);
  const good = await Web.open();
  const transport = over([dead!, good.base], { connections: 4 });
  const answers = await Promise.all(Array.from({ length: 40 }, () => transport.send(post(dead!))));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(good.asked).toHaveLength(40);
});
