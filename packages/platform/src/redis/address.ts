import { isIPv6 } from 'node:net';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/** What `REDIS_URL` names. `credentials` belong to the Redis servers. */
export type RedisAddress = { readonly credentials: Credentials; readonly tls: boolean } & (
  | { readonly kind: 'standalone'; readonly server: HostAndPort; readonly db: number }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly HostAndPort[];
      readonly sentinelCredentials: Credentials;
      /** The name under which the Sentinels watch the primary. */
      readonly masterName: string;
      readonly db: number;
    }
  /** Some of the servers; they name all others. */
  | { readonly kind: 'cluster'; readonly servers: readonly HostAndPort[] }
);

export type SentinelAddress = RedisAddress & { readonly kind: 'sentinel' };

type Kind = RedisAddress['kind'];

const SCHEMES: Readonly<Record<string, readonly [kind: Kind, tls: boolean]>> = {
  redis: ['standalone', false],
  rediss: ['standalone', true],
  'redis+sentinel': ['sentinel', false],
  'rediss+sentinel': ['sentinel', true],
  'redis+cluster': ['cluster', false],
  'rediss+cluster': ['cluster', true],
};

const DEFAULT_PORTS: Readonly<Record<Kind, number>> = { standalone: 6379, sentinel: 26_379, cluster: 6379 };

const PARAMETERS: Readonly<Record<Kind, readonly string[]>> = {
  standalone: [],
  sentinel: ['db', 'tls', 'sentinelUser', 'sentinelPassword'],
  cluster: ['tls'],
};

class AddressFault extends Error {}

/**
 * `fault` continues a sentence that begins with the name of the setting. It contains nothing of the URL but names of
 * parameters: where a password is not percent-encoded, other parts may belong to it.
 */
export function parseRedisAddress(url: string): RedisAddress | { readonly fault: string } {
  try {
    return parse(url);
  } catch (error) {
    if (error instanceof AddressFault) return { fault: error.message };
    throw error;
  }
}

/** Undefined: the address can be used. */
export function redisAddressFault(url: string): string | undefined {
  const address = parseRedisAddress(url);
  return 'fault' in address ? address.fault : undefined;
}

function parse(url: string): RedisAddress {
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/([^\s]+)$/.exec(url) ?? [];
  const [kind, isSchemeTls] = (Object.hasOwn(SCHEMES, scheme) && SCHEMES[scheme]) || [];
  if (kind === undefined || isSchemeTls === undefined) {
    const schemes = Object.keys(SCHEMES).map((one) => `${one}://`);
    throw new AddressFault(`must begin with ${schemes.slice(0, -1).join(', ')} or ${schemes.at(-1)} and name a host`);
  }
  const [, authority = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(.*)$/s.exec(rest)!;
  if (path.includes('@') || query.includes('@') || query.includes('#')) {
    throw new AddressFault(
      'contains a special character that is not percent-encoded; write @ as %40, / as %2F, ? as %3F and # as %23',
    );
  }
  const at = authority.lastIndexOf('@');
  const credentials = at === -1 ? {} : credentialsOf(authority.slice(0, at));
  const servers = serversOf(authority.slice(at + 1), DEFAULT_PORTS[kind]);
  const [server, ...others] = servers;
  // After the hosts: from here on, nothing can be a part of the password.
  const parameters = parametersOf(kind, query.slice(1));
  const shared = { credentials, tls: isTls(parameters.get('tls'), isSchemeTls) };
  const name = decoded(path.replace(/^\//, ''));
  switch (kind) {
    case 'standalone':
      if (others.length > 0) {
        throw new AddressFault('names several hosts, which needs redis+sentinel:// or redis+cluster://');
      }
      return { kind, server, db: databaseOf(name, 'the text after the host'), ...shared };
    case 'sentinel':
      if (!/^[\w.-]+$/.test(name)) {
        throw new AddressFault('must end with the name of the master that the Sentinels watch, like /mymaster');
      }
      return {
        kind,
        sentinels: servers,
        sentinelCredentials: credentialsFrom(parameters.get('sentinelUser'), parameters.get('sentinelPassword')),
        masterName: name,
        db: databaseOf(parameters.get('db') ?? '', 'the parameter db'),
        ...shared,
      };
    case 'cluster':
      if (name !== '') throw new AddressFault('must end after its hosts: a Redis Cluster has one database only');
      return { kind, servers, ...shared };
    default:
      throw new Error(kind satisfies never);
  }
}

function serversOf(hosts: string, defaultPort: number): [HostAndPort, ...HostAndPort[]] {
  const [first = '', ...others] = hosts.split(',');
  return [serverOf(first, defaultPort), ...others.map((host) => serverOf(host, defaultPort))];
}

function serverOf(text: string, defaultPort: number): HostAndPort {
  if (text === '') throw new AddressFault('must name a host; several are separated by single commas');
  const [, ipv6, name, port] = /^(?:\[(.*)\]|([^:[\]]+))(?::(.*))?$/s.exec(text) ?? [];
  const host = ipv6 ?? (name && decoded(name));
  if (host === undefined || (ipv6 === undefined ? !/^[\w.-]+$/.test(host) : !isIPv6(ipv6))) {
    throw new AddressFault('has a host that is neither a name nor an IP address (IPv6 in brackets, like [::1]:6379)');
  }
  if (port === undefined) return { host, port: defaultPort };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) throw new AddressFault('has a port that is not a number from 1 to 65535');
  return { host, port: number };
}

function credentialsOf(text: string): Credentials {
  const colon = text.indexOf(':');
  return colon === -1
    ? credentialsFrom(decoded(text), undefined)
    : credentialsFrom(decoded(text.slice(0, colon)), decoded(text.slice(colon + 1)));
}

function credentialsFrom(username: string | undefined, password: string | undefined): Credentials {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

function parametersOf(kind: Kind, query: string): ReadonlyMap<string, string> {
  const known = PARAMETERS[kind];
  const parameters = new Map<string, string>();
  for (const part of query.split('&').filter((text) => text !== '')) {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(part)!;
    if (!known.includes(name)) {
      const named = /^\w{1,40}$/.test(name) ? ` ${name}` : '';
      throw new AddressFault(
        `has an unknown parameter${named}; ${known.length > 0 ? `known are ${known.join(', ')}` : 'this scheme knows none'}`,
      );
    }
    if (parameters.has(name)) throw new AddressFault(`has the parameter ${name} twice`);
    parameters.set(name, decoded(value));
  }
  return parameters;
}

function isTls(parameter: string | undefined, isSchemeTls: boolean): boolean {
  if (parameter === undefined) return isSchemeTls;
  if (parameter !== '0' && parameter !== '1') throw new AddressFault('has a parameter tls that is neither 0 nor 1');
  if (isSchemeTls && parameter === '0') throw new AddressFault('has a parameter tls=0 that contradicts its rediss');
  return parameter === '1';
}

function databaseOf(text: string, place: string): number {
  if (text === '') return 0;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new AddressFault(`must have the number of a database as ${place}, like 0`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AddressFault('contains a % that is not percent-encoded; write it as %25');
  }
}
