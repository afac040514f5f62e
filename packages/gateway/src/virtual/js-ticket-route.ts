import type { IncomingMessage, ServerResponse } from 'node:http';
import { isJsTicketType } from '@wxthirdparty/wechat';
import { callerSignal } from '../http/caller-signal.ts';
import { answerJson, answerRefusal } from './answer-refusal.ts';
import { authorizeRequest } from './authorized-request.ts';
import { type CallNote, type CallServices, callRoute } from './call-route.ts';

/**
 * Answers `GET /cgi-bin/ticket/getticket` from the ticket that all programs share; types that the platform does not know are calls.
 * Throws what the platform throws.
 */
export async function jsTicketRoute(
  services: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  { path, search }: { readonly path: string; readonly search: string },
  note: CallNote,
): Promise<number | undefined> {
  const parameters = new URLSearchParams(search);
  const type = parameters.get('type') ?? '';
  if (request.method !== 'GET' || !isJsTicketType(type)) {
    await callRoute(services, request, response, path, search, note);
    return undefined;
  }
  const { platform, authenticator, trusts, tokens, shutdown } = services;
  const { components, userTokens } = platform;
  const authorization = { authenticator, trusts, tokens, userTokens, components };
  const read = await authorizeRequest(authorization, request, path, [...parameters], note);
  if ('errcode' in read) {
    answerRefusal(response, read);
    return read.errcode;
  }
  const { appid, component } = read.requested;
  note.appid = appid;
  using caller = callerSignal(response, shutdown);
  const ticket = await platform.jsTickets.get({ appid, component }, type, caller.signal);
  // A program may keep it until then; by that time its successor has been here for minutes.
  const remainingS = Math.max(1, Math.floor((ticket.trustedUntil.getTime() - Date.now()) / 1000));
  answerJson(response, { errcode: 0, errmsg: 'ok', ticket: ticket.value, expires_in: remainingS });
  return 0;
}
