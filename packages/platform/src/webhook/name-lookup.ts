import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { BoundedCache } from '../bounded-cache.ts';
import { afterReading, withDeadline } from '../deadline.ts';
import { LookupSlots } from './lookup-slots.ts';

export const LOOKUP_TIMEOUT_MS = 5_000;
const CACHE_TTL_MS = 30_000;
const MAX_CACHED_NAMES = 10_000;
/** Of a server's first try; c-ares then asks the next server. */
const FIRST_TRY_MS = 1_000;
const TRIES = 3;
/** Some DNS servers never answer for IPv6. */
const OTHER_VERSION_GRACE_MS = 300;

export interface NameLookupOptions {
  /** DNS servers as `address:port`; default: those of the system. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

interface Known {
  readonly addresses: readonly string[];
  readonly until: number;
}

/**
 * Looks up names by c-ares, which uses none of libuv's threads: a DNS server that does not answer delays no lookup of
 * WeChat's hosts. At most 16 lookups at a time; results, also failures, are used for 30 s.
 */
export class NameLookup {
  readonly #options: NameLookupOptions;
  readonly #hostsFile: string;
  readonly #now: () => number;
  readonly #known = new BoundedCache<string, Known>(MAX_CACHED_NAMES);
  readonly #running = new Map<string, Promise<readonly string[]>>();
  readonly #slots = new LookupSlots();
  readonly #resolvers = new Set<Resolver>();
  #hosts: { readonly names: ReadonlyMap<string, readonly string[]>; readonly until: number } | undefined;

  constructor(options: NameLookupOptions = {}) {
    this.#options = options;
    this.#hostsFile = options.hostsFile ?? '/etc/hosts';
    this.#now = options.now ?? (() => performance.now());
  }

  /** The addresses that the hosts file gives the name. */
  async local(name: string): Promise<readonly string[]> {
    const now = this.#now();
    if (this.#hosts === undefined || now >= this.#hosts.until) {
      const text = await readFile(this.#hostsFile, 'utf8').catch(() => '');
      this.#hosts = { names: readHosts(text), until: now + CACHE_TTL_MS };
    }
    return this.#hosts.names.get(name.toLowerCase()) ?? [];
  }

  /** All addresses that DNS has for the name; none if it has none, or did not answer in 5 s. */
  dns(name: string): Promise<readonly string[]> {
    const known = this.#known.get(name);
    if (known && this.#now() < known.until) return Promise.resolve(known.addresses);
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const proven = known !== undefined && known.addresses.length > 0;
    const lookup = this.#lookUp(name, proven).finally(() => this.#running.delete(name));
    this.#running.set(name, lookup);
    return lookup;
  }

  close(): void {
    this.#slots.close();
    for (const resolver of this.#resolvers) resolver.cancel();
  }

  async #lookUp(name: string, proven: boolean): Promise<readonly string[]> {
    const addresses = await this.#slots.run(proven, LOOKUP_TIMEOUT_MS, (remainingMs) => this.#query(name, remainingMs));
    // Without a slot the name was not looked up at all.
    if (addresses === undefined) return [];
    this.#known.set(name, { addresses, until: this.#now() + CACHE_TTL_MS });
    return addresses;
  }

  async #query(name: string, timeoutMs: number): Promise<readonly string[]> {
    // One for each lookup: it can be cancelled alone, and reads the system's present configuration.
    const resolver = new Resolver({ timeout: FIRST_TRY_MS, tries: TRIES });
    if (this.#options.servers) resolver.setServers(this.#options.servers);
    this.#resolvers.add(resolver);
    const cancelTimer = afterReading(timeoutMs, () => resolver.cancel());
    const found: string[] = [];
    const collect = async (query: Promise<string[]>) => {
      const addresses = await query.catch((): string[] => []);
      found.push(...addresses);
      return addresses.length > 0 ? addresses : Promise.reject(new Error('no address'));
    };
    try {
      const both = [collect(resolver.resolve4(name)), collect(resolver.resolve6(name))];
      const ended = Promise.allSettled(both);
      await Promise.any(both).catch(() => undefined);
      await withDeadline(ended, OTHER_VERSION_GRACE_MS, () => new Error('no answer')).catch(() => undefined);
      // IPv4 first: many hosts have no route for IPv6.
      return [...new Set(found)].toSorted((one, other) => isIP(one) - isIP(other));
    } finally {
      cancelTimer();
      resolver.cancel();
      this.#resolvers.delete(resolver);
    }
  }
}

function readHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...all] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of all) names.set(name.toLowerCase(), [...(names.get(name.toLowerCase()) ?? []), address]);
  }
  return names;
}
