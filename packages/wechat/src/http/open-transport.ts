import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { Failure } from '../failure.ts';
import { Departure } from './departure.ts';
import type { Transport, WeChatRequest } from './transport.ts';

export interface TransportOptions {
  /** URL of an HTTP proxy: WeChat checks caller IPs (61004). */
  proxy?: string;
  /** 5000 by default. */
  connectTimeoutMs?: number;
  /** Sockets per origin, 128 by default; requests beyond them wait, and their timeout runs meanwhile. */
  connections?: number;
}

/** Never follows redirects (there are none on the API, dossier §9), never repeats what may have left, never
 * decompresses. */
export function openTransport(options: TransportOptions = {}): Transport {
  const dispatcher = openDispatcher(options);
  return {
    send: (request: WeChatRequest) =>
      new Promise((resolve, reject) => {
        new Departure(request, resolve, reject).by(dispatcher);
      }),
    // Whoever closes has waited for its work as long as it wanted to.
    close: () => dispatcher.destroy(),
  };
}

function openDispatcher({ proxy, connectTimeoutMs = 5000, connections = 128 }: TransportOptions): Dispatcher {
  const settings = {
    connections,
    // One request per socket, so that a socket's fate is the fate of one request.
    pipelining: 1,
    allowH2: false,
    // A Departure has a timeout for the whole.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Rather open a socket than meet one that the other side is about to close.
    keepAliveTimeoutThreshold: 2000,
  };
  if (proxy === undefined) return new Agent({ ...settings, connect: { timeout: connectTimeoutMs } });
  try {
    // A tunnel even to plain HTTP: the proxy has no business with our tokens.
    return new ProxyAgent({ ...settings, uri: proxy, proxyTunnel: true, connectTimeout: connectTimeoutMs });
  } catch {
    // The original quotes the URL, which may carry a password.
    throw new Failure('invalid_proxy', 'operator', 'the proxy is not the URL of an HTTP proxy');
  }
}
