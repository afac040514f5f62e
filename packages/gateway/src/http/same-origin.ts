import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';

/**
 * Browsers send a cookie or a login with requests of foreign pages, too, and name the page's origin. Other programs name
 * none, and send only a login that they know. Reading is permitted: a foreign page cannot read the answer. Throws Failure
 * `forbidden`.
 */
export function demandSameOrigin({ method, headers }: IncomingMessage, publicUrl: string): void {
  if (method === 'GET' || method === 'HEAD') return;
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const isForeign =
    (site !== undefined && site !== 'same-origin') ||
    (origin !== undefined && origin !== new URL(publicUrl).origin && hostOf(origin) !== host);
  if (isForeign) throw new Failure('forbidden', 'fix-request', 'A page of another origin may not write.');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
