import { AddressNotAllowedFailure, addressUnresolved } from './address-failures.ts';
import type { AddressRules } from './address-rules.ts';
import type { NameLookup } from './name-lookup.ts';
import { type ReceiverAddress, readReceiverAddress } from './receiver-address.ts';

const LOOPBACK = ['127.0.0.1', '::1'];

/** Where a connection may go; asked for each new one, since what a name resolves to can change between two. */
export class CheckedAddresses {
  readonly #rules: AddressRules;
  readonly #names: NameLookup;

  constructor(rules: AddressRules, names: NameLookup) {
    this.#rules = rules;
    this.#names = names;
  }

  /** What is known without a lookup. Throws AddressNotAllowedFailure. */
  read(url: string): ReceiverAddress {
    const receiver = readReceiverAddress(url);
    if (!receiver) {
      throw new AddressNotAllowedFailure(
        'The URL',
        'it must begin with http or https and contain no user and no password.',
      );
    }
    const { host, protocol, isLiteral } = receiver;
    if (isLiteral) this.#refuseUnlessAll([host], protocol);
    else if (isLocalhost(host)) this.#loopback(protocol);
    else if (protocol === 'http' && !this.#rules.hasNetworks) throw notAllowed(host, protocol);
    return receiver;
  }

  /** At least one address, each of them checked. Throws AddressNotAllowedFailure, or Failure `address_unresolved`. */
  async of({
    host,
    protocol,
    isLiteral,
  }: Pick<ReceiverAddress, 'host' | 'protocol' | 'isLiteral'>): Promise<readonly string[]> {
    const addresses = isLiteral ? [host] : await this.#lookUp(host, protocol);
    if (addresses.length === 0) throw addressUnresolved(host);
    this.#refuseUnlessAll(addresses, protocol);
    return addresses;
  }

  /** The hosts file counts for listed networks only: names of other hosts are public ones. */
  async #lookUp(host: string, protocol: 'http' | 'https'): Promise<readonly string[]> {
    if (isLocalhost(host)) return this.#loopback(protocol);
    const local = (await this.#names.local(host)).filter((address) => this.#rules.isListed(address));
    return local.length > 0 ? local : this.#names.dns(host);
  }

  #loopback(protocol: 'http' | 'https'): readonly string[] {
    const listed = LOOPBACK.filter((address) => this.#rules.isListed(address));
    if (listed.length === 0) throw notAllowed('127.0.0.1', protocol);
    return listed;
  }

  #refuseUnlessAll(addresses: readonly string[], protocol: 'http' | 'https'): void {
    const refused = addresses.find((address) => !this.#rules.permits(address, protocol));
    if (refused !== undefined) throw notAllowed(refused, protocol);
  }
}

/** These names are always loopback, whatever a DNS server says (RFC 6761). */
function isLocalhost(name: string): boolean {
  return /(?:^|\.)localhost$/i.test(name);
}

function notAllowed(address: string, protocol: 'http' | 'https'): AddressNotAllowedFailure {
  return new AddressNotAllowedFailure(
    address,
    protocol === 'http'
      ? 'http is for the networks that DELIVERY_NETS lists; use https, or ask the operator to list the network.'
      : 'it is not on the public internet; the operator can list its network in DELIVERY_NETS.',
  );
}
