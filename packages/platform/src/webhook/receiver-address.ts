import { isIP } from 'node:net';

/** Where a URL leads, read once and only by the WHATWG rules, so that check and connection cannot differ. */
export interface ReceiverAddress {
  readonly protocol: 'http' | 'https';
  /** A name without the dot at its end, or an IP address without brackets. */
  readonly host: string;
  readonly isLiteral: boolean;
  readonly port: number;
  /** As the `host` header names it. */
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
}

/** Undefined: no http or https URL, or one with user or password. */
export function readReceiverAddress(text: string): ReceiverAddress | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  if (host === '') return undefined;
  return {
    protocol,
    host,
    isLiteral: isIP(host) !== 0,
    port: url.port === '' ? (protocol === 'https' ? 443 : 80) : Number(url.port),
    authority: url.host,
    path: url.pathname + url.search,
  };
}
