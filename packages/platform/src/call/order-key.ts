import type { Seals } from '../sealing/seals.ts';
import type { CallId } from './call-id.ts';

/** An HMAC, because the key is often an openid. It changes with the first SECRETS_KEY. */
export function hashOfOrderKey(seals: Seals, { component, appid }: CallId, orderKey: string): string {
  return seals.hash(orderKey, `${component}/${appid}/order-key`);
}
