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
  handle: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});

/**
 * What `GET /v1/authorizers/:appid/history` takes.
 * @public the API's description is made from it
 */
export const HistoryQuery = AuthorizerListQuery.pick({ limit: true, cursor: true });

export function authorizerRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.get('/v1/authorizers', async (request, response) => {
    const { items, next } = await platform.authorizers.list({
      ...parsed(AuthorizerListQuery, request.query),
      accounts: callerOf(response).rights.accounts,
    });
    response.json({ items: items.map(authorizerAnswer), next });
  });

  routes.get('/v1/authorizers/:appid', async (request, response) => {
    response.json(
      authorizerAnswer(await platform.authorizers.find(request.params.appid, ofOneComponent(request.query))),
    );
  });

  routes.get('/v1/authorizers/:appid/history', async (request, response) => {
    const page = parsed(HistoryQuery, request.query);
    const { items, next } = await platform.authorizers.history(
      request.params.appid,
      ofOneComponent(request.query),
      page,
    );
    response.json({ items: items.map(({ at, event, state, scopes }) => ({ at, event, state, scopes })), next });
  });

  return routes;
}

function parsed<Schema extends z.ZodType>(schema: Schema, query: unknown): z.infer<Schema> {
  const read = schema.safeParse(query);
  if (read.success) return read.data;
  const faults = read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Failure('invalid_request', 'fix-request', faults.join('; '));
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
    alias: authorizer.alias,
    serviceType: authorizer.serviceType,
    verifyType: authorizer.verifyType,
    accountStatus: authorizer.accountStatus,
    state: authorizer.state,
    scopes: authorizer.scopes,
    handle: authorizer.handle,
    authorizedAt: authorizer.authorizedAt,
    updatedAt: authorizer.updatedAt,
    profileAt: authorizer.profileAt,
  };
}
