import type { JsTicketType } from '@wxthirdparty/wechat';
import type { TokenKindName, TokenOwner } from '../token/token.ts';

const KINDS = {
  jsapi: 'jsapi-ticket',
  wx_card: 'wx-card-ticket',
} as const satisfies Record<JsTicketType, TokenKindName>;

export const JS_TICKET_TYPES = Object.keys(KINDS) as readonly JsTicketType[];

export function jsTicketOwner(type: JsTicketType, component: string, appid: string): TokenOwner {
  return { kind: KINDS[type], component, appid };
}
