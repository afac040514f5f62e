import type { OutboundRequest, OutboundResult } from './outbound-request.ts';

/** Sends requests to endpoints of the business. */
export interface OutboundSender {
  send(request: OutboundRequest): Promise<OutboundResult>;
  /**
   * Refuses an address that needs no lookup: a literal one, another protocol than http and https, user info. Throws Failure
   * `address_not_allowed` with the address and the setting.
   */
  refuseLiteral(url: string): void;
  /** Also looks up the name and checks every address. Throws Failure `address_not_allowed` or `address_unresolved`. */
  check(url: string): Promise<void>;
  close(): Promise<void>;
}
