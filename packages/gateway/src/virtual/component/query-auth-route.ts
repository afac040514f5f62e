import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AuthorizationOutcome, demandAccount, demandPath } from '@wxthirdparty/platform';
import { ERRCODE } from '@wxthirdparty/wechat';
import { Waiting } from '../../http/waiting.ts';
import { answerJson, answerRefusal } from '../answer-refusal.ts';
import type { CallNote, CallServices } from '../call-route.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { LIFE_S } from '../virtual-token.ts';
import { ComponentFields, readComponentRequest, text } from './component-request.ts';
import { refreshTokenName } from './refresh-token-name.ts';

const Fields = ComponentFields.extend({ authorization_code: text });

/** Programs wait five seconds and more. */
const EXCHANGE_TIMEOUT_MS = 4_000;
const MAX_CODE_LENGTH = 512;

/**
 * `api_query_auth` of the virtual component: exchanges a code of WeChat's once, whichever of push, redirect and program brings it
 * first, and reads a code of ours. Answers the account's consent as it is now, for two hours and as often as asked, with
 * credentials of ours. Throws Failure.
 */
export async function queryAuthRoute(
  services: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  { path, search }: { readonly path: string; readonly search: string },
  note: CallNote,
): Promise<number> {
  const refuse = (refusal: Refusal) => answerRefusal(response, refusal);

  const read = await readComponentRequest(services, request, search, Fields, note);
  if ('errcode' in read) return refuse(read);
  const { caller, component, fields } = read;
  demandPath(caller.rights, path);
  const code = fields.authorization_code ?? '';
  if (code === '' || code.length > MAX_CODE_LENGTH) return refuse(refusals.codeInvalid);
  const consent = await consentOf(services, component, code, response);
  if ('errcode' in consent) return refuse(consent);
  demandAccount(caller.rights, consent.appid);

  // Not from the cache: the program received the code because the consent has just changed.
  const { appid, scopes } = await services.platform.authorizers.findActive(consent.appid, component, 'fresh');
  answerJson(response, {
    authorization_info: {
      authorizer_appid: appid,
      authorizer_access_token: services.tokens.sign({ keyFingerprint: caller.fingerprint, component, appid }),
      expires_in: LIFE_S,
      authorizer_refresh_token: refreshTokenName(component, appid),
      func_info: scopes.map((id) => ({ funcscope_category: { id } })),
    },
  });
  return 0;
}

async function consentOf(
  services: CallServices,
  component: string,
  code: string,
  response: ServerResponse,
): Promise<{ readonly appid: string } | Refusal> {
  const virtual = services.platform.virtualCodes.read(code, component, new Date());
  switch (virtual.verdict) {
    case 'valid':
      return virtual.consent;
    case 'altered':
      return refusals.codeInvalid;
    case 'expired':
    case 'other_component':
      return refusals.codeExpired;
    case 'foreign':
      return consentAfter(await exchange(services, component, code, response));
    default:
      return virtual satisfies never;
  }
}

async function exchange(
  { platform, shutdown }: CallServices,
  component: string,
  code: string,
  response: ServerResponse,
): Promise<AuthorizationOutcome | 'pending'> {
  using waiting = new Waiting(response, shutdown);
  const wait = { waitMs: EXCHANGE_TIMEOUT_MS, signal: waiting.signal, withProfile: false };
  return await platform.codeExchange.run(component, code, wait);
}

function consentAfter(outcome: AuthorizationOutcome | 'pending'): { readonly appid: string } | Refusal {
  if (outcome === 'pending') return refusals.exchangePending;
  if (outcome.outcome === 'authorized') return outcome;
  const { errcode, message } = outcome;
  // Of other numbers, programs would assume that they concern their tokens or that a repetition helps; the code is lost.
  const isAboutCode =
    errcode === ERRCODE.codeInvalid || errcode === ERRCODE.codeUsed || errcode === ERRCODE.notAuthorized;
  return isAboutCode
    ? { errcode, errmsg: message }
    : { ...refusals.codeExpired, errmsg: `code is expired: ${message}` };
}
