import type { Transport } from './transport.ts';

export interface TransportOptions {
  /** URL of an HTTP proxy: WeChat checks caller IPs (61004). */
  proxy?: string;
  connectTimeoutMs?: number;
  /** Sockets per origin. */
  connections?: number;
}

export function openTransport(_options: TransportOptions): Transport {
  throw new Error('not yet');
}
