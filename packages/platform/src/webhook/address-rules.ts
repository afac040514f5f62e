import { isIP } from 'node:net';

/** IANA's special-purpose registry, and multicast: no receiver on the public internet has such an address. */
const SPECIAL_V4 = networks(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
);

/** What IANA assigns as global unicast. Loopback, ULA, link-local, multicast, mapped IPv4 and NAT64 are outside it. */
const GLOBAL_V6 = networks('2000::/3');

/** Inside global unicast: protocol assignments (Teredo is one of them), documentation, 6to4, the former 6bone. */
const SPECIAL_V6 = networks('2001::/23', '2001:db8::/32', '2002::/16', '3ffe::/16', '3fff::/20');

interface Network {
  readonly version: 4 | 6;
  readonly first: bigint;
  /** Bits of an address that do not matter. */
  readonly hostBits: bigint;
}

/** Which addresses requests to the business may reach: public ones by https, and those of the listed networks. */
export class AddressRules {
  readonly #listed: readonly Network[];

  /** `listed`: networks in CIDR notation, which `isNetwork` accepts. */
  constructor(listed: readonly string[]) {
    this.#listed = networks(...listed);
  }

  get hasNetworks(): boolean {
    return this.#listed.length > 0;
  }

  /** An IPv4 network does not contain the IPv6 forms of its addresses. */
  isListed(address: string): boolean {
    return contains(this.#listed, address);
  }

  permits(address: string, protocol: 'http' | 'https'): boolean {
    return this.isListed(address) || (protocol === 'https' && isPublic(address));
  }
}

/** CIDR notation, like `10.0.0.0/8`, whose bits after the prefix are 0. */
export function isNetwork(text: string): boolean {
  return readNetwork(text) !== undefined;
}

function isPublic(address: string): boolean {
  return isIP(address) === 4
    ? !contains(SPECIAL_V4, address)
    : contains(GLOBAL_V6, address) && !contains(SPECIAL_V6, address);
}

function contains(all: readonly Network[], address: string): boolean {
  const version = isIP(address);
  const bits = bitsOf(address);
  return (
    bits !== undefined &&
    all.some((network) => network.version === version && bits >> network.hostBits === network.first >> network.hostBits)
  );
}

function networks(...texts: readonly string[]): readonly Network[] {
  return texts.map((text) => {
    const network = readNetwork(text);
    if (!network) throw new Error(`${text} is no network`);
    return network;
  });
}

function readNetwork(text: string): Network | undefined {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  const first = bitsOf(address);
  if (first === undefined || (version !== 4 && version !== 6)) return undefined;
  const size = version === 4 ? 32 : 128;
  if (Number(prefix) > size) return undefined;
  const hostBits = BigInt(size - Number(prefix));
  return (first >> hostBits) << hostBits === first ? { version, first, hostBits } : undefined;
}

/** Undefined: no address, or one with a zone. */
function bitsOf(address: string): bigint | undefined {
  switch (isIP(address)) {
    case 4:
      return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
    case 6: {
      // In the URL's form there is no dotted part and at most one `::`.
      const host = URL.parse(`http://[${address}]`)?.hostname;
      if (host === undefined) return undefined;
      const [head = '', tail] = host.slice(1, -1).split('::');
      const groups = (part = '') => (part === '' ? [] : part.split(':'));
      const [before, after] = [groups(head), groups(tail)];
      const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
      return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
    }
    default:
      return undefined;
  }
}
