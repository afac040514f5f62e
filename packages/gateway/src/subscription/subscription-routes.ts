import { canReceiveFrom, type ReceivingAccount, type Subscription } from '@wxthirdparty/platform';
import { type Response, Router } from 'express';
import type { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { pageOf } from '../contract/page.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import { actorOf } from '../key/actor-of.ts';
import { callerOf } from '../key/caller.ts';
import { demandOwnFilter, hasOwnFilter } from './own-subscriptions.ts';
import { secretsAnswer, subscriptionAnswer } from './subscription-answer.ts';
import {
  NewSubscriptionAnswer,
  RotationBody,
  SecretsAnswer,
  SubscriptionAnswer,
  SubscriptionBody,
  SubscriptionChangeBody,
  SubscriptionListQuery,
} from './subscription-schema.ts';

const MAX_COMPONENTS = 100;

export const subscriptionOperations: Operations = {
  'POST /v1/subscriptions': {
    id: 'createSubscription',
    tag: 'Subscriptions',
    summary: 'Delivers pushes to an endpoint; the secrets are shown only this once',
    body: SubscriptionBody,
    example: { name: 'orders', url: 'https://app.example.com/wx', filter: { types: ['message.*'] } },
    answers: { 201: NewSubscriptionAnswer },
    problems: ['address_not_allowed', 'address_unresolved', 'too_many_subscriptions'],
  },
  'GET /v1/subscriptions': {
    id: 'listSubscriptions',
    tag: 'Subscriptions',
    summary: 'The subscriptions, the newest first; a filtered page may hold fewer than `limit`',
    query: SubscriptionListQuery,
    answers: { 200: pageOf(SubscriptionAnswer) },
  },
  'GET /v1/subscriptions/:id': {
    id: 'getSubscription',
    tag: 'Subscriptions',
    summary: 'One subscription, with its health and backlog',
    answers: { 200: SubscriptionAnswer },
    problems: ['unknown_subscription'],
  },
  'PATCH /v1/subscriptions/:id': {
    id: 'changeSubscription',
    tag: 'Subscriptions',
    summary: 'Replaces the given fields',
    body: SubscriptionChangeBody,
    example: { filter: { types: ['message.text', 'event.subscribe'] } },
    answers: { 200: SubscriptionAnswer },
    problems: ['unknown_subscription', 'address_not_allowed', 'address_unresolved'],
  },
  'DELETE /v1/subscriptions/:id': {
    id: 'deleteSubscription',
    tag: 'Subscriptions',
    summary: 'Ends a subscription; its pending deliveries are dropped',
    answers: { 204: null },
    problems: ['unknown_subscription'],
  },
  'POST /v1/subscriptions/:id/rotate-secret': {
    id: 'rotateSubscriptionSecret',
    tag: 'Subscriptions',
    summary: 'Makes a new signing secret, beside which the former one stays valid for a while',
    description:
      'At most two secrets sign: a rotation during an overlap ends the oldest at once. In the formats `wechat` and ' +
      '`wechat-component` token and EncodingAESKey are new, too, without an overlap.',
    body: RotationBody,
    answers: { 200: SecretsAnswer },
    problems: ['unknown_subscription'],
  },
};

export function subscriptionRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const { subscriptions } = platform;

  routes.post('/v1/subscriptions', async (request, response) => {
    const input = await readJson(request, SubscriptionBody);
    demandOwnFilter(callerOf(response).rights, input.filter);
    const created = await subscriptions.create(input, actorOf(request, response));
    response
      .status(201)
      .location(`/v1/subscriptions/${created.id}`)
      .json({
        ...(await subscriptionAnswer(platform, created, response)),
        ...secretsAnswer(created.secrets),
      } satisfies z.input<typeof NewSubscriptionAnswer>);
  });

  routes.get('/v1/subscriptions', async (request, response) => {
    const { appid, handle, ...page } = readQuery(SubscriptionListQuery, request.query);
    const accounts = await accountsOf(platform, appid, handle);
    const { rights } = callerOf(response);
    const { items, next } = await subscriptions.list(page);
    const shown = items.filter(
      (one) =>
        hasOwnFilter(rights, one.filter) &&
        (accounts === undefined || accounts.some((account) => canReceiveFrom(one, account))),
    );
    response.json({
      items: await Promise.all(shown.map((one) => subscriptionAnswer(platform, one, response))),
      next,
    });
  });

  routes.get('/v1/subscriptions/:id', async (request, response) => {
    const subscription = await findOwnSubscription(platform, request.params.id, response);
    response.json(await subscriptionAnswer(platform, subscription, response));
  });

  routes.patch('/v1/subscriptions/:id', async (request, response) => {
    const change = await readJson(request, SubscriptionChangeBody);
    const { id } = await findOwnSubscription(platform, request.params.id, response);
    if (change.filter !== undefined) demandOwnFilter(callerOf(response).rights, change.filter);
    const changed = await subscriptions.change(id, change, actorOf(request, response));
    response.json(await subscriptionAnswer(platform, changed, response));
  });

  routes.delete('/v1/subscriptions/:id', async (request, response) => {
    // A key for all accounts needs nothing of the subscription, not even secrets that open.
    if (callerOf(response).rights.accounts.length > 0) await findOwnSubscription(platform, request.params.id, response);
    await subscriptions.delete(request.params.id, actorOf(request, response));
    response.status(204).end();
  });

  routes.post('/v1/subscriptions/:id/rotate-secret', async (request, response) => {
    const { overlapMs } = await readJson(request, RotationBody);
    const { id } = await findOwnSubscription(platform, request.params.id, response);
    response.json(secretsAnswer(await subscriptions.rotateSecrets(id, overlapMs, actorOf(request, response))));
  });

  return routes;
}

/** Throws Failure `unknown_subscription`, or ForbiddenFailure if the caller's key is not for all its accounts. */
export async function findOwnSubscription(
  platform: Pick<GatewayPlatform, 'subscriptions'>,
  id: string,
  response: Response,
): Promise<Subscription> {
  const subscription = await platform.subscriptions.find(id);
  demandOwnFilter(callerOf(response).rights, subscription.filter);
  return subscription;
}

/** The accounts that a list is restricted to; undefined: it is not. An account can belong to several components. */
async function accountsOf(
  { authorizers }: GatewayPlatform,
  appid: string | undefined,
  handle: string | undefined,
): Promise<readonly ReceivingAccount[] | undefined> {
  if (appid === undefined && handle === undefined) return undefined;
  const accounts = appid === undefined ? undefined : [appid];
  const { items } = await authorizers.list({ accounts, handle, limit: MAX_COMPONENTS });
  return items.length === 0 && handle === undefined ? [{ appid }] : items;
}
