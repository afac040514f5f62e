import type { IncomingMessage, ServerResponse } from 'node:http';
import { demandAccount, ReauthorizeFailure } from '@wxthirdparty/platform';
import { answerJson, answerRefusal } from '../answer-refusal.ts';
import type { CallNote, CallServices } from '../call-route.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { LIFE_S } from '../virtual-token.ts';
import { ComponentFields, readComponentRequest, text } from './component-request.ts';
import { refreshTokenName } from './refresh-token-name.ts';

const Fields = ComponentFields.extend({ authorizer_appid: text, authorizer_refresh_token: text });

/** How WeChat's own refresh tokens begin. A program that moves here has a database full of them. */
const OF_WECHAT = 'refreshtoken@@@';

/**
 * `api_authorizer_token` of the virtual component: a token of ours for an account. Accepts its virtual refresh token, and in its
 * place any of WeChat's, which is neither checked nor stored: the API key decides. Throws Failure.
 */
export async function authorizerTokenRoute(
  services: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  { search }: { readonly search: string },
  note: CallNote,
): Promise<number> {
  const refuse = (refusal: Refusal) => answerRefusal(response, refusal);

  const read = await readComponentRequest(services, request, search, Fields, note);
  if ('errcode' in read) return refuse(read);
  const { caller, component, fields } = read;
  const { authorizer_appid: named, authorizer_refresh_token: presented } = fields;
  if (!named) return refuse(refusals.missingAuthorizerAppid);
  demandAccount(caller.rights, named);
  try {
    const { appid } = await services.platform.authorizers.findActive(named, component);
    const name = refreshTokenName(component, appid);
    if (presented !== name && !presented?.startsWith(OF_WECHAT)) return refuse(refusals.refreshTokenInvalid);
    answerJson(response, {
      authorizer_access_token: services.tokens.sign({ keyFingerprint: caller.fingerprint, component, appid }),
      expires_in: LIFE_S,
      authorizer_refresh_token: name,
    });
    return 0;
  } catch (error) {
    // WeChat's number for it (protocol §3.6); 61003 would mean that the consent has ended.
    if (error instanceof ReauthorizeFailure && error.state === 'needs-reauthorization') {
      return refuse(refusals.refreshTokenRefused);
    }
    throw error;
  }
}
