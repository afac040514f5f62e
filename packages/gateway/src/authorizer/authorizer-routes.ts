import type { Authorizer } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';
import { callerOf } from '../key/caller.ts';

const state = z.enum(['active', 'needs-reauthorization', 'revoked']);

const test = z
  .enum(['true', 'false'])
  .default('false')
  .meta({ description: 'true: the test accounts of WeChat’s release check, too' });

/** What `GET /v1/authorizers` takes. */
const AuthorizerListQuery = PageQuery.extend({ state: state.optional(), handle: z.string().optional(), test });

/** What `GET /v1/authorizers/:appid/history` takes. */
const HistoryQuery = PageQuery.extend(ComponentQuery.shape);

const AuthorizerAnswer = z
  .object({
    appid: z.string(),
    component: z.string(),
    kind: z
      .enum(['official-account', 'mini-program'])
      .nullable()
      .meta({ description: 'null until WeChat has reported it' }),
    nickName: z.string().nullable(),
    userName: z.string().nullable().meta({ description: 'WeChat’s original id, `gh_…`' }),
    headImg: z.string().nullable(),
    principalName: z.string().nullable(),
    alias: z.string().nullable(),
    serviceType: z.int().nullable().meta({ description: 'WeChat’s own number, like the two fields after it' }),
    verifyType: z.int().nullable(),
    accountStatus: z.int().nullable(),
    state,
    scopes: z.array(z.int()).readonly().meta({ description: 'ids of the permission sets that were granted' }),
    handle: z.string().meta({ description: 'opaque and random; for cookies of merchant-facing pages' }),
    authorizedAt: time,
    updatedAt: time,
    profileAt: time.nullable().meta({ description: 'when WeChat last reported the profile' }),
    test: z.boolean().meta({ description: 'one of the test accounts of WeChat’s release check' }),
  })
  .meta({ id: 'Authorizer' });

const GrantEvent = z
  .object({
    at: time,
    event: z.enum(['authorized', 'reauthorized', 'needs-reauthorization', 'revoked', 'restored', 'scopes-changed']),
    state,
    scopes: z.array(z.int()).readonly(),
  })
  .meta({ id: 'GrantEvent' });

export const authorizerOperations: Operations = {
  'GET /v1/authorizers': {
    id: 'listAuthorizers',
    tag: 'Authorizers',
    summary: 'The accounts that authorized the component',
    query: AuthorizerListQuery,
    answers: { 200: pageOf(AuthorizerAnswer) },
  },
  'GET /v1/authorizers/:appid': {
    id: 'getAuthorizer',
    tag: 'Authorizers',
    summary: 'One of these accounts',
    query: ComponentQuery,
    answers: { 200: AuthorizerAnswer },
    problems: [...oneAccount],
  },
  'GET /v1/authorizers/:appid/history': {
    id: 'listGrantEvents',
    tag: 'Authorizers',
    summary: 'The changes of an account’s consent, the newest first',
    query: HistoryQuery,
    answers: { 200: pageOf(GrantEvent) },
    problems: [...oneAccount],
  },
};

export function authorizerRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.get('/v1/authorizers', async (request, response) => {
    const { test, ...page } = readQuery(AuthorizerListQuery, request.query);
    const { items, next } = await platform.authorizers.list({
      ...page,
      withTest: test === 'true',
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
    const { component, ...page } = readQuery(HistoryQuery, request.query);
    const { items, next } = await platform.authorizers.history(request.params.appid, component, page);
    response.json({ items: items.map(({ at, event, state, scopes }) => ({ at, event, state, scopes })), next });
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
    test: authorizer.isTest,
  };
}
