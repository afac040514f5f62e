import { type AuthorizationOutcome, demandAccount, demandPath } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import type { Shutdown } from '../http/shutdown.ts';
import { Waiting } from '../http/waiting.ts';
import { callerOf } from '../key/caller.ts';
import { AuthorizerAnswer, authorizerAnswer } from './authorizer-answer.ts';

const EXCHANGE_TIMEOUT_MS = 10_000;
const RETRY_AFTER_MS = 2_000;

/** What WeChat is asked with a code. A key that is restricted to certain paths must name it. */
const QUERY_AUTH = '/cgi-bin/component/api_query_auth';

/** What `POST /v1/components/:appid/authorizations` takes. */
const AuthorizationBody = z.strictObject({
  authCode: z.string().min(1).max(512).meta({ description: 'the auth_code that WeChat added to your callback page' }),
});

export const authorizationOperations: Operations = {
  'POST /v1/components/:appid/authorizations': {
    id: 'authorize',
    tag: 'Authorizers',
    summary: 'Exchanges the code of a consent, for a program that owns the callback page',
    description:
      'A code is exchanged once, whichever of WeChat’s push, this route and others brings it first; all receive the same outcome, ' +
      'for two hours. A code that WeChat refuses is `invalid_request` with its errcode.',
    body: AuthorizationBody,
    example: { authCode: 'queryauthcode@@@…' },
    answers: { 200: AuthorizerAnswer },
    problems: ['unknown_component', 'not_ready', 'unavailable'],
  },
};

export function authorizationRoutes(platform: GatewayPlatform, shutdown: Shutdown): Router {
  const routes = Router();

  routes.post('/v1/components/:appid/authorizations', async (request, response) => {
    const { authCode } = await readJson(request, AuthorizationBody);
    const { rights } = callerOf(response);
    demandPath(rights, QUERY_AUTH);
    const { appid: component } = request.params;
    if (platform.virtualCodes.read(authCode, component, new Date()).verdict !== 'foreign') {
      throw new Failure('invalid_request', 'fix-request', 'A virtual code is for api_query_auth of this gateway.');
    }
    using waiting = new Waiting(response, shutdown);
    const wait = { waitMs: EXCHANGE_TIMEOUT_MS, signal: waiting.signal, withProfile: true };
    const outcome = await platform.codeExchange.run(component, authCode, wait);
    if (outcome === 'pending') await platform.demandReady(component);
    const appid = accountOf(outcome);
    // Only WeChat's answer names the account. The consent is stored all the same.
    demandAccount(rights, appid);
    response.json(authorizerAnswer(await platform.authorizers.find(appid, component, 'fresh')));
  });

  return routes;
}

/** Throws Failure `unavailable`, `invalid_request`. */
function accountOf(outcome: AuthorizationOutcome | 'pending'): string {
  if (outcome === 'pending') {
    throw new Failure('unavailable', 'retry', 'The code is still being exchanged; send it again.', {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
  if (outcome.outcome === 'authorized') return outcome.appid;
  const { message, errcode } = outcome;
  throw new Failure('invalid_request', 'fix-request', message, errcode === undefined ? {} : { errcode });
}
