import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { app } from './app.ts';
import { readConsoleFiles } from './console/console-files.ts';
import { consoleRoute } from './console/console-route.ts';
import { front } from './front.ts';
import type { GatewayPlatform } from './gateway-platform.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import type { TrustProxy } from './http/address-of.ts';
import { Shutdown } from './http/shutdown.ts';
import { untrustedProxyWarning } from './http/untrusted-proxy.ts';
import { openApiKeys } from './key/api-keys.ts';
import { Authenticator } from './key/authenticator.ts';
import { pushRoute } from './push/push-route.ts';
import { answerUnreadable } from './virtual/unreadable-request.ts';
import { openVirtualTokens } from './virtual/virtual-token.ts';
import { virtualWeChat } from './virtual/virtual-wechat.ts';

export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** From now on `/readyz` answers 503 and every answer ends its connection, so that a load balancer uses other processes. */
  drain(): void;
  /** Accepts no new connections, lets running requests finish within `shutdownMs`, then closes the remaining connections. */
  close(): Promise<void>;
}

export async function startGateway(
  platform: GatewayPlatform,
  settings: GatewaySettings,
  log: Logger,
): Promise<Gateway> {
  const shutdown = new Shutdown();
  const authenticator = new Authenticator(openApiKeys(settings.apiKey, platform.apiKeys));
  const tokens = openVirtualTokens(settings.secretsKeys);
  const publicUrl = () => settings.publicUrl ?? `http://localhost:${(server.address() as AddressInfo).port}`;
  const rest = app(platform, settings, publicUrl, authenticator, shutdown, log);
  const trusts = rest.get('trust proxy fn') as TrustProxy;
  const consoleFiles =
    settings.consoleFolder === undefined ? undefined : await readConsoleFiles(settings.consoleFolder);
  const handle = front(
    {
      push: pushRoute(platform, log),
      virtual: virtualWeChat({ platform, authenticator, trusts, tokens, shutdown }, publicUrl, log),
      console: consoleRoute(consoleFiles, settings.publicUrl, platform.events),
      metrics: settings.answerMetrics ?? rest,
      rest,
    },
    shutdown,
    untrustedProxyWarning(settings.trustProxy, log),
  );
  const server: Server = createServer(
    {
      // A 20 MB upload over a slow line; the routes have stricter limits.
      requestTimeout: 120_000,
      headersTimeout: 15_000,
      // Longer than the idle time of usual proxies, so that the proxy closes first.
      keepAliveTimeout: 75_000,
    },
    handle,
  );
  // Node itself would refuse an unknown Expect header, and not in the format of the requested API.
  server.on('checkExpectation', handle);
  answerUnreadableRequests(server);
  const sockets = openSockets(server);
  server.listen(settings.port, settings.host);
  await once(server, 'listening');

  const { port } = server.address() as AddressInfo;
  const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;
  log.info({ port }, `gateway listening on ${url}`);
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    drain: () => shutdown.draining.fire(),
    close: () => {
      closing ??= close(server, sockets, shutdown, settings.shutdownMs);
      return closing;
    },
  };
}

function answerUnreadableRequests(server: Server): void {
  const answering = new WeakMap<Duplex, ServerResponse>();
  server.prependListener('request', (request, response) => answering.set(request.socket, response));
  server.on('clientError', (error, socket) => answerUnreadable(error, socket, answering.get(socket)));
}

function openSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Most calls settle within a second; after this share, callers that still wait receive the call's present state. */
const STOP_WAITING_SHARE = 0.2;
const CLOSING_SHARE = 0.8;

async function close(server: Server, sockets: Set<Socket>, shutdown: Shutdown, shutdownMs: number): Promise<void> {
  shutdown.draining.fire();
  shutdown.listenerClosed.fire();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Clients open connections in advance; Node does not count a connection as idle before its first request.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  const timers = [
    setTimeout(() => shutdown.stopWaiting.fire(), shutdownMs * STOP_WAITING_SHARE),
    setTimeout(() => shutdown.closing.fire(), shutdownMs * CLOSING_SHARE),
    setTimeout(() => server.closeAllConnections(), shutdownMs * 0.95),
  ];
  await closed;
  for (const timer of timers) clearTimeout(timer);
}
