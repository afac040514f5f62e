import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';

/**
 * Warns once when requests come through a proxy that TRUST_PROXY does not name: then all callers have one address, and share what
 * is limited by address.
 */
export function untrustedProxyWarning(trustProxy: string | undefined, log: Logger): (request: IncomingMessage) => void {
  let isOver = trustProxy !== undefined;
  return ({ headers, socket }) => {
    if (isOver || headers['x-forwarded-for'] === undefined) return;
    isOver = true;
    log.warn(
      { proxy: socket.remoteAddress },
      'requests carry X-Forwarded-For, but TRUST_PROXY is not set: all callers seem to have the address of the proxy; ' +
        'set TRUST_PROXY to the number of proxies or to their addresses',
    );
  };
}
