import { isIP } from 'node:net';
import { AddressRules } from '../webhook/address-rules.ts';
import { NameLookup } from '../webhook/name-lookup.ts';
import { OutboundSender } from '../webhook/outbound-sender.ts';
import { readReceiverAddress } from '../webhook/receiver-address.ts';

/** The ports to which WeChat pushes (protocol §1.1). */
const PORTS = { http: 80, https: 443 } as const;

/** Where a rehearsal pushes to, and what is known of it before the first request. */
export interface RehearsalTarget {
  readonly sender: OutboundSender;
  /** Empty: the name has none. */
  readonly addresses: readonly string[];
  readonly isPublic: boolean;
  readonly port: number;
  readonly hasWeChatsPort: boolean;
}

/**
 * The one sender that may reach a private address: that of PUBLIC_URL itself, of which an operator learns by the rehearsal
 * that WeChat cannot reach it. The caller closes the sender.
 */
export async function openRehearsalTarget(publicUrl: string): Promise<RehearsalTarget> {
  const names = new NameLookup();
  const receiver = readReceiverAddress(publicUrl);
  const addresses = receiver === undefined ? [] : await addressesOf(receiver, names);
  const sender = new OutboundSender({
    deliveryNets: addresses.map((address) => `${address}/${isIP(address) === 4 ? 32 : 128}`),
    names,
  });
  const rules = new AddressRules([]);
  return {
    sender,
    addresses,
    isPublic: addresses.length > 0 && addresses.every((address) => rules.permits(address, 'https')),
    port: receiver?.port ?? 0,
    hasWeChatsPort: receiver !== undefined && receiver.port === PORTS[receiver.protocol],
  };
}

async function addressesOf(
  { host, isLiteral }: { readonly host: string; readonly isLiteral: boolean },
  names: NameLookup,
): Promise<readonly string[]> {
  if (isLiteral) return [host];
  if (/(?:^|\.)localhost$/i.test(host)) return ['127.0.0.1', '::1'];
  const local = await names.local(host);
  return local.length > 0 ? local : names.dns(host);
}
