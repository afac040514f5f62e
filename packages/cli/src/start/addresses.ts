import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** Virtual networks of this machine, which no phone reaches. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|bridge|utun|tun|tap|wg|zt|tailscale)/i;

/** The host names, in the form of URLs, of a process that listens on `host`. */
export interface Hosts {
  /** For programs on this machine. */
  readonly local: string;
  /** For browsers: of the whole network, if `host` admits it. */
  readonly browser: string;
}

export function hostsOf(host: string, interfaces: Interfaces = networkInterfaces()): Hosts {
  if (host !== '0.0.0.0' && host !== '::') {
    const named = inUrl(host);
    return { local: named, browser: named };
  }
  const outside = outsideAddresses(interfaces);
  const address =
    outside.find(({ family }) => family === 'IPv4') ?? (host === '::' ? outside.find(() => true) : undefined);
  return { local: '127.0.0.1', browser: address === undefined ? '127.0.0.1' : inUrl(address.address) };
}

/** Whether other machines may reach the name. */
export function isLoopback(nameInUrl: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/i.test(nameInUrl);
}

/** Real networks before virtual ones. Link-local addresses need a zone, which browsers do not accept. */
function outsideAddresses(interfaces: Interfaces): NetworkInterfaceInfo[] {
  const named = Object.entries(interfaces).sort(([a], [b]) => Number(VIRTUAL.test(a)) - Number(VIRTUAL.test(b)));
  return named
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^(fe[89ab]|169\.254\.)/i.test(address));
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
