import type { IncomingMessage } from 'node:http';
import { FORGED_ADDRESS } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

/**
 * Warns once if requests arrive through a proxy that TRUST_PROXY does not name: then all callers have the same address, and
 * share the limits of that address.
 */
export function untrustedProxyWarning(trustProxy: string | undefined, log: Logger): (request: IncomingMessage) => void {
  let isDone = trustProxy !== undefined;
  return ({ headers, socket }) => {
    const forwarded = headers['x-forwarded-for'];
    // The doctor names this address without a proxy.
    if (isDone || forwarded === undefined || forwarded === FORGED_ADDRESS) return;
    isDone = true;
    log.warn(
      { proxy: socket.remoteAddress },
      'requests carry X-Forwarded-For, but TRUST_PROXY is not set: all callers seem to have the address of the proxy; ' +
        'set TRUST_PROXY to the number of proxies or to their addresses',
    );
  };
}
