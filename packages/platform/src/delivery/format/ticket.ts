import { createHmac } from 'node:crypto';
import { signed, weChatSecretsOf } from './compose.ts';
import type { Addressee, ComposedRequest } from './outgoing.ts';
import { infoXml, onEventUrl } from './wechat-component.ts';

/** As often as WeChat's own ticket changes (protocol §1.4). */
const TICKET_HOUR_MS = 3_600_000;

/**
 * A ticket for a receiver of format `wechat-component`: worthless at WeChat, and ignored by the virtual component. Its value
 * is derived from the hour, so that all workers send the same without storing it.
 */
export function composeTicket(
  addressee: Addressee & { readonly component: string },
  { at, isTest }: { readonly at: Date; readonly isTest?: boolean },
): ComposedRequest {
  const { id, component, secrets } = addressee;
  const hour = Math.floor(at.getTime() / TICKET_HOUR_MS);
  const xml = infoXml(component, at, 'component_verify_ticket', [
    ['ComponentVerifyTicket', `ticket@@@wxthirdparty-${ticketOf(addressee, hour)}`],
  ]);
  const push = onEventUrl(addressee, weChatSecretsOf(addressee), component, 'component_verify_ticket', xml, at);
  return signed(push, secrets, `ticket_${id}_${hour}`, { number: 1, at, isTest });
}

/** 40 characters. */
function ticketOf({ id, secrets }: Addressee, hour: number): string {
  const { encodingAesKey } = weChatSecretsOf({ secrets });
  return createHmac('sha256', encodingAesKey)
    .update(`wxthirdparty ticket ${id} ${hour}`)
    .digest('base64url')
    .slice(0, 40);
}
