import { Router } from 'express';
import type { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { callerOf } from '../key/caller.ts';
import { findOwnSubscription } from '../subscription/subscription-routes.ts';
import { TestAnswer, TestBody } from './delivery-schema.ts';

export const testOperations: Operations = {
  'POST /v1/subscriptions/:id/test': {
    id: 'testSubscription',
    tag: 'Subscriptions',
    summary: 'Sends one push to the endpoint and shows the answer; nothing is stored or sent to users',
    description: 'An invented push of any documented type, or one of the journal, with the header `wx-test: true`.',
    body: TestBody,
    example: { type: 'message.text' },
    answers: { 200: TestAnswer },
    problems: ['unknown_subscription', 'unknown_push', 'unknown_authorizer'],
  },
};

export function testRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.post('/v1/subscriptions/:id/test', async (request, response) => {
    const input = await readJson(request, TestBody);
    const subscription = await findOwnSubscription(platform, request.params.id, response);
    const abandoned = new AbortController();
    response.once('close', () => abandoned.abort());
    const result = await platform.deliveryTests.run(subscription, input, callerOf(response).rights, abandoned.signal);
    response.json(result satisfies z.input<typeof TestAnswer>);
  });

  return routes;
}
