import { type Delivery, demandAccount, demandUnrestricted, type KeyRights } from '@wxthirdparty/platform';
import { Router } from 'express';
import type { Operations } from '../contract/operation.ts';
import { pageOf } from '../contract/page.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';
import { callerOf } from '../key/caller.ts';
import { findOwnSubscription } from '../subscription/subscription-routes.ts';
import { deliveryAnswer, deliveryWithAttemptsAnswer } from './delivery-answer.ts';
import { DeliveryAnswer, DeliveryListQuery, DeliveryWithAttemptsAnswer } from './delivery-schema.ts';

export const deliveryOperations: Operations = {
  'GET /v1/deliveries': {
    id: 'listDeliveries',
    tag: 'Deliveries',
    summary:
      'Deliveries of a subscription or an account, the newest first; a filtered page may hold fewer than `limit`',
    query: DeliveryListQuery,
    answers: { 200: pageOf(DeliveryAnswer) },
    problems: ['unknown_subscription'],
  },
  'GET /v1/subscriptions/:id/deliveries/:push': {
    id: 'getDelivery',
    tag: 'Deliveries',
    summary: 'One delivery, with its last failed attempts',
    answers: { 200: DeliveryWithAttemptsAnswer },
    problems: ['unknown_subscription', 'unknown_delivery'],
  },
  'POST /v1/subscriptions/:id/deliveries/:push/retry': {
    id: 'retryDelivery',
    tag: 'Deliveries',
    summary: 'Makes a delivery due now; a settled one is sent again',
    answers: { 202: DeliveryWithAttemptsAnswer },
    problems: ['unknown_subscription', 'unknown_delivery'],
  },
};

export function deliveryRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const { deliveries } = platform;

  routes.get('/v1/deliveries', async (request, response) => {
    const query = readQuery(DeliveryListQuery, request.query);
    const { rights } = callerOf(response);
    if (query.appid !== undefined) demandAccount(rights, query.appid);
    if (query.subscription !== undefined) await findOwnSubscription(platform, query.subscription, response);
    const { items, next } = await deliveries.list({ ...query, own: rights.accounts });
    response.json({ items: items.map((delivery) => deliveryAnswer(delivery, response)), next });
  });

  routes.get('/v1/subscriptions/:id/deliveries/:push', async (request, response) => {
    const { id } = await findOwnSubscription(platform, request.params.id, response);
    const { delivery, failures } = await deliveries.find(id, request.params.push);
    demandOwn(callerOf(response).rights, delivery);
    response.json(deliveryWithAttemptsAnswer(delivery, failures, response));
  });

  routes.post('/v1/subscriptions/:id/deliveries/:push/retry', async (request, response) => {
    const { id } = await findOwnSubscription(platform, request.params.id, response);
    const { delivery } = await deliveries.find(id, request.params.push);
    demandOwn(callerOf(response).rights, delivery);
    await deliveries.retry(delivery);
    const retried = await deliveries.find(id, request.params.push);
    response.status(202).json(deliveryWithAttemptsAnswer(retried.delivery, retried.failures, response));
  });

  return routes;
}

/** A subscription may have received others before its filter named only the key's accounts. Throws ForbiddenFailure. */
export function demandOwn(rights: KeyRights, { appid }: Pick<Delivery, 'appid'>): void {
  if (appid === null) demandUnrestricted(rights, 'accounts');
  else demandAccount(rights, appid);
}
