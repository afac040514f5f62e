import type { Authorizer } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { ComponentQuery, ofOneComponent } from '../one-component.ts';
import type { Operations } from '../openapi/operation.ts';
import { PageQuery, pageOf } from '../openapi/page.ts';
import { time } from '../openapi/time.ts';

const state = z.enum(['active', 'needs-reauthorization', 'revoked']);

/** What `GET /v1/authorizers` takes. */
const AuthorizerListQuery = PageQuery.extend({ state: state.optional() });

const AuthorizerAnswer = z
  .object({
    appid: z.string(),
    component: z.string(),
    kind: z.enum(['official-account', 'mini-program']).nullable().meta({ description: 'null until WeChat has told' }),
    nickName: z.string().nullable(),
    userName: z.string().nullable().meta({ description: 'WeChat’s original id, `gh_…`' }),
    headImg: z.string().nullable(),
    principalName: z.string().nullable(),
    state,
    scopes: z.array(z.int()).readonly().meta({ description: 'ids of the permission sets that were granted' }),
    handle: z.string().meta({ description: 'opaque and random; for cookies of merchant-facing pages' }),
    authorizedAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Authorizer' });

export const authorizerOperations: Operations = {
  'GET /v1/authorizers': {
    id: 'listAuthorizers',
    tag: 'Authorizers',
    summary: 'Who authorized you',
    query: AuthorizerListQuery,
    answers: { 200: pageOf(AuthorizerAnswer) },
  },
  'GET /v1/authorizers/:appid': {
    id: 'getAuthorizer',
    tag: 'Authorizers',
    summary: 'One account that authorized you',
    query: ComponentQuery,
    answers: { 200: AuthorizerAnswer },
    problems: ['unknown_authorizer', 'unknown_component', 'ambiguous_component', 'not_ready'],
  },
};

export function authorizerRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.get('/v1/authorizers', async (request, response) => {
    const query = AuthorizerListQuery.safeParse(request.query);
    if (!query.success) {
      const faults = query.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
      throw new Failure('invalid_request', 'fix-request', faults.join('; '));
    }
    const { items, next } = await platform.authorizers.list(query.data);
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
function authorizerAnswer(authorizer: Authorizer): z.input<typeof AuthorizerAnswer> {
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
