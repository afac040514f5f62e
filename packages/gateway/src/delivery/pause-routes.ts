import { Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { actorOf } from '../key/actor-of.ts';
import { subscriptionAnswer } from '../subscription/subscription-answer.ts';
import { findOwnSubscription } from '../subscription/subscription-routes.ts';
import { SubscriptionAnswer } from '../subscription/subscription-schema.ts';

const ResumeAnswer = z.object({
  subscription: SubscriptionAnswer,
  replay: z.string().nullable().meta({ description: 'of what it has missed; null: it was not paused' }),
});

export const pauseOperations: Operations = {
  'POST /v1/subscriptions/:id/pause': {
    id: 'pauseSubscription',
    tag: 'Subscriptions',
    summary: 'Sends nothing more until the subscription is resumed',
    answers: { 200: SubscriptionAnswer },
    problems: ['unknown_subscription'],
  },
  'POST /v1/subscriptions/:id/resume': {
    id: 'resumeSubscription',
    tag: 'Subscriptions',
    summary: 'Delivers again, and replays what was missed, as far as the journal goes',
    answers: { 200: ResumeAnswer },
    problems: ['unknown_subscription'],
  },
};

export function pauseRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const { subscriptions, subscriptionPauses, replays } = platform;

  routes.post('/v1/subscriptions/:id/pause', async (request, response) => {
    const { id } = await findOwnSubscription(platform, request.params.id, response);
    await subscriptionPauses.pauseManually(id, actorOf(request, response));
    response.json(await subscriptionAnswer(platform, await subscriptions.find(id), response));
  });

  routes.post('/v1/subscriptions/:id/resume', async (request, response) => {
    const { id } = await findOwnSubscription(platform, request.params.id, response);
    const { replay } = await subscriptionPauses.resume(id, actorOf(request, response));
    if (replay !== null) await replays.wake(replay);
    response.json({ subscription: await subscriptionAnswer(platform, await subscriptions.find(id), response), replay });
  });

  return routes;
}
