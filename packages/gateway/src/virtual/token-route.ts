import type { IncomingMessage, ServerResponse } from 'node:http';
import { demandAccount, demandScope } from '@wxthirdparty/platform';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { addressOf, type TrustProxy } from '../http/address-of.ts';
import { readBody } from '../http/read-body.ts';
import type { Authenticator } from '../key/authenticator.ts';
import { answerJson, answerRefusal } from './answer-refusal.ts';
import { type Refusal, refusals } from './refusal.ts';
import { LIFE_S, type VirtualTokens } from './virtual-token.ts';

/**
 * What `GET /cgi-bin/token` takes as query and `POST /cgi-bin/stable_token` as JSON; `force_refresh` changes nothing.
 * @public the API's description is made from it
 */
export const TokenRequest = z.object({
  grant_type: z.string().optional(),
  appid: z.string().optional(),
  secret: z.string().optional(),
});

export interface TokenServices {
  readonly platform: GatewayPlatform;
  readonly authenticator: Authenticator;
  readonly trusts: TrustProxy;
  readonly tokens: VirtualTokens;
}

/** Issues a token of this gateway to the holder of an API key. Throws Failure if calls for the account are not possible. */
export async function tokenRoute(
  { platform, authenticator, trusts, tokens }: TokenServices,
  request: IncomingMessage,
  response: ServerResponse,
  stable: boolean,
  search: string,
): Promise<number> {
  const refuse = (refusal: Refusal) => answerRefusal(response, refusal);

  if (stable && request.method !== 'POST') return refuse(refusals.needsPost);
  if (request.method !== 'GET' && request.method !== 'POST') return refuse(refusals.needsGet);
  const parameters = stable
    ? parse(await readBody(request, { limit: 16 * 1024, timeoutMs: 10_000, sender: 'stranger' }))
    : of(search);
  if (parameters === undefined) return refuse(refusals.badJson);
  const { grant_type: grantType, appid, secret } = parameters;
  if (secret === undefined || secret === '') return refuse(refusals.missingSecret);
  const caller = await authenticator.byKey(secret, addressOf(request, trusts));
  if (caller === undefined) return refuse(refusals.badKey);
  if (grantType !== 'client_credential') return refuse(refusals.badGrantType);
  if (appid === undefined || appid === '') return refuse(refusals.missingAppid);

  demandScope(caller.rights, 'calls');
  const colon = appid.indexOf(':');
  demandAccount(caller.rights, appid.slice(colon + 1));

  const issue = (component: string, account: string): number => {
    const token = tokens.sign({ keyFingerprint: caller.fingerprint, component, appid: account });
    answerJson(response, { access_token: token, expires_in: LIFE_S });
    return 0;
  };

  if (platform.components.includes(appid)) return issue(appid, appid);
  const authorizer =
    colon === -1
      ? await platform.authorizers.findActive(appid)
      : await platform.authorizers.findActive(appid.slice(colon + 1), appid.slice(0, colon));
  return issue(authorizer.component, authorizer.appid);
}

function of(search: string): z.infer<typeof TokenRequest> {
  return Object.fromEntries(new URLSearchParams(search));
}

function parse(body: Buffer): z.infer<typeof TokenRequest> | undefined {
  try {
    return TokenRequest.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
}
