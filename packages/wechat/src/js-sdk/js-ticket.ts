import { acceptedFields } from '../component-api/ask.ts';
import { expiry, requiredText } from '../component-api/read-fields.ts';
import type { Answer } from '../http/answer.ts';

/** Where both kinds of ticket come from, for GET with `type` (protocol §4.12). */
export const JS_TICKET_PATH = '/cgi-bin/ticket/getticket';

/** `jsapi` signs the pages of an account, `wx_card` its cards. */
export type JsTicketType = 'jsapi' | 'wx_card';

export function isJsTicketType(text: string): text is JsTicketType {
  return text === 'jsapi' || text === 'wx_card';
}

/** The ticket in WeChat's answer; its lifetime counts from the answer. Throws a Failure. */
export function readJsTicket(answer: Answer): { readonly value: string; readonly expiresInMs: number } {
  const doing = 'fetching a JS-SDK ticket';
  const fields = acceptedFields(answer, doing);
  return { value: requiredText(fields, 'ticket', doing), expiresInMs: expiry(fields) };
}
