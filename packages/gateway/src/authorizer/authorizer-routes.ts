import type { Authorizer } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { callerOf } from '../key/caller.ts';
import { ofOneComponent } from '../one-component.ts';

/**
 * What `GET /v1/authorizers` takes.
 * @public the API's description is made from it
 */
export const AuthorizerListQuery = z.object({
  state: z.enum(['active', 'needs-reauthorization', 'revoked']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});

export function authorizerRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.get('/v1/authorizers', async (request, response) => {
    const query = AuthorizerListQuery.safeParse(request.query);
    if (!query.success) {
      const faults = query.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
      throw new Failure('invalid_request', 'fix-request', faults.join('; '));
    }
    const { items, next } = await platform.authorizers.list({
      ...query.data,
      accounts: callerOf(response).rights.accounts,
    });
    response.json({ items: items.map(authorizerAnswer), next });
  });

  routes.get('/v1/authorizers/:appid', async (request, response) => {
    response.json(
      authorizerAnswer(await platform.authorizers.find(request.params.appid, ofOneComponent(request.query))),
    );
  });

  return routes;
}

/** Member by member, so that nothing that is added to an authorizer gets out by itself. */
function authorizerAnswer(authorizer: Authorizer): Record<string, unknown> {
  return {
    appid: authorizer.appid,
    component: authorizer.component,
    kind: authorizer.kind,
    nickName: authorizer.nickName,
    userName: authorizer.userName,
    headImg: authorizer.headImg,
    principalName: authorizer.principalName,
    state: authorizer.state,
    scopes: authorizer.scopes,
    handle: authorizer.handle,
    authorizedAt: authorizer.authorizedAt,
    updatedAt: authorizer.updatedAt,
  };
}
