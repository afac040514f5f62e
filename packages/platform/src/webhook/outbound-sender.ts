import { Failure } from '@wxthirdparty/wechat';
import { AddressRules } from './address-rules.ts';
import { CheckedAddresses } from './checked-addresses.ts';
import { NameLookup } from './name-lookup.ts';
import { OutboundConnections } from './outbound-connections.ts';
import { OutboundExchange } from './outbound-exchange.ts';
import type { OutboundRequest, OutboundResult } from './outbound-request.ts';
import type { ReceiverAddress } from './receiver-address.ts';

export interface OutboundSenderOptions {
  /** Networks, in CIDR notation, that requests may reach although they are private, and by http. */
  readonly deliveryNets: readonly string[];
  readonly names?: NameLookup;
}

/**
 * The only place that sends requests to endpoints of the business. It follows no redirect, uses no proxy, and verifies
 * every certificate.
 */
export class OutboundSender {
  readonly #names: NameLookup;
  readonly #addresses: CheckedAddresses;
  readonly #connections: OutboundConnections;

  constructor({ deliveryNets, names = new NameLookup() }: OutboundSenderOptions) {
    this.#names = names;
    this.#addresses = new CheckedAddresses(new AddressRules(deliveryNets), names);
    this.#connections = new OutboundConnections(this.#addresses);
  }

  send(request: OutboundRequest): Promise<OutboundResult> {
    if (request.signal.aborted) return Promise.resolve({ kind: 'aborted' });
    let receiver: ReceiverAddress;
    try {
      receiver = this.#addresses.read(request.url);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return Promise.resolve({ kind: 'failed', code: 'address_not_allowed', ms: 0 });
    }
    return new Promise((resolve) => new OutboundExchange(this.#connections, receiver, request, resolve).start());
  }

  /**
   * Refuses what needs no lookup: an address that is not allowed, another protocol than http and https, user info. Throws
   * AddressNotAllowedFailure.
   */
  refuseLiteral(url: string): void {
    this.#addresses.read(url);
  }

  /** Also looks up the name and checks every address. Throws AddressNotAllowedFailure, or Failure `address_unresolved`. */
  async check(url: string): Promise<void> {
    await this.#addresses.of(this.#addresses.read(url));
  }

  async close(): Promise<void> {
    this.#names.close();
    await this.#connections.close();
  }
}
