import { Failure } from '@wxthirdparty/wechat';

/** The setting that permits further addresses. */
const SETTING = 'DELIVERY_NETS';

/** Requests to the business may not reach this address. */
export class AddressNotAllowedFailure extends Failure {
  /** As it would be connected to: an IP address, or the host name where no address was looked up. */
  readonly address: string;
  readonly setting = SETTING;

  constructor(address: string, why: string) {
    super('address_not_allowed', 'fix-request', `${address} is not allowed: ${why}`);
    this.address = address;
  }
}

export function addressUnresolved(host: string): Failure {
  return new Failure('address_unresolved', 'fix-request', `No address was found for the name ${host}.`);
}
