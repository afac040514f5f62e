import { Agent, buildConnector, type Dispatcher, errors, Pool, ProxyAgent } from 'undici';
import { Failure } from '../failure.ts';
import { NoConnection } from './no-connection.ts';

export interface DispatcherOptions {
  readonly proxy: string | undefined;
  readonly connectTimeoutMs: number;
  readonly connections: number;
}

/** Sockets to WeChat, directly or through a proxy. If no connection can be made, the error is a NoConnection. */
export function openDispatcher({ proxy, connectTimeoutMs, connections }: DispatcherOptions): Dispatcher {
  const settings = {
    connections,
    // One request per socket, so that a socket's fate is the fate of one request.
    pipelining: 1,
    allowH2: false,
    // An OutgoingRequest has a timeout for the whole request.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Prefer a new socket to one that the other side is about to close.
    keepAliveTimeoutThreshold: 2000,
  };
  if (proxy === undefined) {
    const connect = toHost(buildConnector({ timeout: connectTimeoutMs, allowH2: false }));
    return new Agent({ ...settings, connect });
  }
  try {
    return new ProxyAgent({
      ...settings,
      uri: proxy,
      // A tunnel also for plain HTTP: the proxy must not see our tokens.
      proxyTunnel: true,
      connectTimeout: connectTimeoutMs,
      clientFactory: (origin, options) => new ToProxy(origin, { ...options, headersTimeout: connectTimeoutMs }),
      factory: (origin, options) => {
        const { connect, ...rest } = options as Pool.Options & { connect: buildConnector.connector };
        return new Pool(origin, { ...rest, connect: toHost(connect) });
      },
    });
  } catch {
    // The original quotes the URL, which may carry a password.
    throw new Failure('invalid_proxy', 'operator', 'the proxy is not the URL of an HTTP proxy');
  }
}

function toHost(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error === null || error === undefined) callback(null, socket!);
      else callback(error instanceof NoConnection ? error : new NoConnection('host', error), null);
    });
}

class ToProxy extends Pool {
  override async connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    const { statusCode, socket, ...rest } = await super.connect(options).catch((error: unknown) => {
      // The proxy accepted the request and waits for the host itself.
      throw error instanceof errors.HeadersTimeoutError ? error : new NoConnection('proxy', error);
    });
    // 5xx: the proxy could not reach the host. 4xx: it refuses us, whatever the host is.
    if (statusCode >= 400 && statusCode < 500) {
      socket.on('error', () => {}).destroy();
      throw new NoConnection('proxy', new errors.RequestAbortedError(`the proxy answered ${statusCode}`));
    }
    return { statusCode, socket, ...rest };
  }
}
