import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Loopback, private and link-local networks. */
const NEAR = new BlockList();
NEAR.addSubnet('127.0.0.0', 8, 'ipv4');
NEAR.addSubnet('10.0.0.0', 8, 'ipv4');
NEAR.addSubnet('172.16.0.0', 12, 'ipv4');
NEAR.addSubnet('192.168.0.0', 16, 'ipv4');
NEAR.addSubnet('169.254.0.0', 16, 'ipv4');
NEAR.addAddress('::1', 'ipv6');
NEAR.addSubnet('fc00::', 7, 'ipv6');
NEAR.addSubnet('fe80::', 10, 'ipv6');

/** A proxy adds at least one of them, so the sender may be anywhere although its address is near. */
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'] as const;

/**
 * Whether a request may read the metrics. With a token, those that present it; without one, direct connections from this host and
 * private networks.
 */
export function mayScrape(
  { remoteAddress, headers }: { readonly remoteAddress: string | undefined; readonly headers: IncomingHttpHeaders },
  token: string | undefined,
): boolean {
  if (token !== undefined) {
    const presented = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
    return presented !== undefined && isSame(presented, token);
  }
  return isNear(remoteAddress) && PROXY_HEADERS.every((name) => headers[name] === undefined);
}

function isNear(remoteAddress = ''): boolean {
  // The form of an IPv4 address on a socket that accepts both, and the zone of a link-local one.
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  const version = isIP(address);
  return version !== 0 && NEAR.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** Compares hashes, so that the duration reveals neither content nor length. */
function isSame(presented: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(presented), digest(token));
}
