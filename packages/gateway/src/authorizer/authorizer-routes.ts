import { Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';
import { callerOf } from '../key/caller.ts';
import { AuthorizerAnswer, authorizerAnswer, authorizerState } from './authorizer-answer.ts';

const test = z
  .enum(['true', 'false'])
  .default('false')
  .meta({ description: 'true: the test accounts of WeChat’s release check, too' });

/** What `GET /v1/authorizers` takes. */
const AuthorizerListQuery = PageQuery.extend({
  state: authorizerState.optional(),
  handle: z.string().optional(),
  test,
});

/** What `GET /v1/authorizers/:appid/history` takes. */
const HistoryQuery = PageQuery.extend(ComponentQuery.shape);

const GrantEvent = z
  .object({
    at: time,
    event: z.enum(['authorized', 'reauthorized', 'needs-reauthorization', 'revoked', 'restored', 'scopes-changed']),
    state: authorizerState,
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
