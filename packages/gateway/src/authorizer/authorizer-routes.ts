import { type Authorizer, type KeyRights, mayCall } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { callerSignal } from '../http/caller-signal.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import type { Shutdown } from '../http/shutdown.ts';
import { callerOf } from '../key/caller.ts';
import {
  AuthorizerAnswer,
  activityAnswer,
  authorizerAnswer,
  authorizerKind,
  authorizerState,
  ListedAuthorizerAnswer,
} from './authorizer-answer.ts';
import { handle } from './handle.ts';

const test = z
  .enum(['true', 'false'])
  .default('false')
  .meta({ description: 'true: the test accounts of WeChat’s release check, too' });

/** What `GET /v1/authorizers` takes. */
const AuthorizerListQuery = PageQuery.extend({
  q: z.string().max(100).optional().meta({
    description:
      'the beginning of an appid or of an original id (`gh_…`), a part of a name or of a principal in any script and case, or the beginning of a handle',
  }),
  state: authorizerState.optional(),
  handle: z.string().optional(),
  cookieValue: z.string().optional(),
  kind: authorizerKind.optional(),
  scope: z.coerce.number().int().min(1).optional().meta({ description: 'the id of a permission set that was granted' }),
  component: z.string().optional(),
  include: z.enum(['activity']).optional(),
  test,
});

/** What `GET /v1/authorizers/:appid` takes. */
const AuthorizerQuery = ComponentQuery.extend({ include: z.enum(['activity']).optional() });

/** What `PATCH /v1/authorizers/:appid` takes. */
const AuthorizerChangeBody = z.strictObject({ handle });

/** What `GET /v1/authorizers/totals` takes. */
const TotalsQuery = z.object({ component: z.string().optional() });

const TotalsAnswer = z
  .object({
    total: z.int(),
    byState: z.object({ active: z.int(), 'needs-reauthorization': z.int(), revoked: z.int() }),
    byKind: z.object({ 'official-account': z.int(), 'mini-program': z.int(), unknown: z.int() }),
    at: time.meta({ description: 'when they were counted' }),
  })
  .meta({ id: 'AuthorizerTotals' });

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
    summary: 'The accounts that authorized the component; a filtered page may hold fewer than `limit`',
    description:
      'A `q` that begins with `wx` or `gh_` is the beginning of an id, unless no id begins like that. No character of it is a wildcard. ' +
      'A list by `gh_…` is in the order of that id, every other one in the order of appids; an account whose handle is `q` comes first.',
    query: AuthorizerListQuery,
    answers: { 200: pageOf(ListedAuthorizerAnswer) },
    problems: ['unknown_component'],
  },
  'GET /v1/authorizers/totals': {
    id: 'countAuthorizers',
    tag: 'Authorizers',
    summary: 'How many accounts there are, by state and by kind; counted at most every ten seconds',
    query: TotalsQuery,
    answers: { 200: TotalsAnswer },
    problems: ['unknown_component'],
  },
  'GET /v1/authorizers/:appid': {
    id: 'getAuthorizer',
    tag: 'Authorizers',
    summary: 'One of these accounts',
    query: AuthorizerQuery,
    answers: { 200: ListedAuthorizerAnswer },
    problems: [...oneAccount],
  },
  'PATCH /v1/authorizers/:appid': {
    id: 'changeAuthorizer',
    tag: 'Authorizers',
    summary: 'Gives an account your own name of it',
    description:
      'The handle is unique among the accounts of the component, revoked ones included. It goes out wherever the appid does, and an ' +
      'account keeps it when it authorizes again. Repeating the request changes nothing.',
    query: ComponentQuery,
    body: AuthorizerChangeBody,
    example: { handle: 'shop-17' },
    answers: { 200: AuthorizerAnswer },
    problems: ['handle_taken', ...oneAccount],
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

export function authorizerRoutes(platform: GatewayPlatform, shutdown: Shutdown): Router {
  const routes = Router();

  const answersOf = async (
    accounts: readonly Authorizer[],
    include: 'activity' | undefined,
    rights: KeyRights,
  ): Promise<z.input<typeof ListedAuthorizerAnswer>[]> => {
    if (include === undefined) return accounts.map(authorizerAnswer);
    const activities = await platform.accountActivities.of(accounts, (path) => mayCall(rights, path));
    return accounts.map((account, i) => ({ ...authorizerAnswer(account), activity: activityAnswer(activities[i]!) }));
  };

  routes.get('/v1/authorizers', async (request, response) => {
    const { test, include, ...page } = readQuery(AuthorizerListQuery, request.query);
    const { rights } = callerOf(response);
    using caller = callerSignal(response, shutdown);
    const { items, next } = await platform.authorizers.list({
      ...page,
      withTest: test === 'true',
      accounts: rights.accounts,
      signal: caller.signal,
    });
    response.json({ items: await answersOf(items, include, rights), next });
  });

  routes.get('/v1/authorizers/totals', async (request, response) => {
    const { component } = readQuery(TotalsQuery, request.query);
    const { accounts } = callerOf(response).rights;
    const { total, byState, byKind, at } = await platform.authorizers.totals(component, accounts);
    response.json({ total, byState, byKind, at } satisfies z.input<typeof TotalsAnswer>);
  });

  routes.get('/v1/authorizers/:appid', async (request, response) => {
    const { component, include } = readQuery(AuthorizerQuery, request.query);
    const account = await platform.authorizers.find(request.params.appid, component);
    const [answer] = await answersOf([account], include, callerOf(response).rights);
    response.json(answer);
  });

  routes.patch('/v1/authorizers/:appid', async (request, response) => {
    const component = ofOneComponent(request.query);
    const change = await readJson(request, AuthorizerChangeBody);
    const account = await platform.authorizers.setHandle(request.params.appid, component, change.handle);
    response.json(authorizerAnswer(account));
  });

  routes.get('/v1/authorizers/:appid/history', async (request, response) => {
    const { component, ...page } = readQuery(HistoryQuery, request.query);
    const { items, next } = await platform.authorizers.history(request.params.appid, component, page);
    response.json({ items: items.map(({ at, event, state, scopes }) => ({ at, event, state, scopes })), next });
  });

  return routes;
}
