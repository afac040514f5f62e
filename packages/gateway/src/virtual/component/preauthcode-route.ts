import type { IncomingMessage, ServerResponse } from 'node:http';
import { demandAccount, demandPath } from '@wxthirdparty/platform';
import { answerJson, answerRefusal } from '../answer-refusal.ts';
import type { CallNote, CallServices } from '../call-route.ts';
import { ComponentFields, readComponentRequest } from './component-request.ts';

/**
 * `api_create_preauthcode`: passed on to WeChat, as the component. A program sends its merchants to WeChat with it, and any account
 * may consent, so a key for certain accounts must name the component. Throws Failure.
 */
export async function preAuthCodeRoute(
  services: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  { path, search }: { readonly path: string; readonly search: string },
  note: CallNote,
): Promise<number> {
  const read = await readComponentRequest(services, request, search, ComponentFields, note);
  if ('errcode' in read) return answerRefusal(response, read);
  const { caller, component } = read;
  demandAccount(caller.rights, component);
  demandPath(caller.rights, path);
  const { preAuthCode, expiresInMs } = await services.platform.consents.createPreAuthCode(component);
  answerJson(response, { pre_auth_code: preAuthCode, expires_in: Math.floor(expiresInMs / 1000) });
  return 0;
}
