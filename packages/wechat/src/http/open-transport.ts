import { openDispatcher } from './open-dispatcher.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import type { Transport, WeChatRequest } from './transport.ts';

export interface TransportOptions {
  /** URL of an HTTP proxy: WeChat checks caller IPs (61004). */
  proxy?: string;
  /** 5000 by default. */
  connectTimeoutMs?: number;
  /** Sockets per origin, 128 by default; requests beyond them wait, and their timeout runs meanwhile. */
  connections?: number;
}

/** Never follows redirects (the API has none, protocol §9), never repeats a request that may have been sent, never
 * decompresses. */
export function openTransport({ proxy, connectTimeoutMs = 5000, connections = 128 }: TransportOptions = {}): Transport {
  const dispatcher = openDispatcher({ proxy, connectTimeoutMs, connections });
  return {
    send: (request: WeChatRequest) =>
      new Promise((resolve, reject) => {
        new OutgoingRequest(request, resolve, reject).sendBy(dispatcher);
      }),
    // The caller has already waited for its requests.
    close: () => dispatcher.destroy(),
  };
}
