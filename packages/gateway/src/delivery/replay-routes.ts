import { canCarry, type SealedPush, type Subscription } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { type Response, Router } from 'express';
import type { Operations } from '../contract/operation.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { callerOf } from '../key/caller.ts';
import { hasOwnFilter } from '../subscription/own-subscriptions.ts';
import { findOwnSubscription } from '../subscription/subscription-routes.ts';
import { replayAnswer } from './delivery-answer.ts';
import { demandOwn } from './delivery-routes.ts';
import { PushReplayAnswer, PushReplayBody, ReplayAnswer, ReplayBody } from './delivery-schema.ts';

export const replayOperations: Operations = {
  'POST /v1/subscriptions/:id/replays': {
    id: 'replaySubscription',
    tag: 'Deliveries',
    summary: 'Sends pushes of a time range again, as fast as the subscription takes them beside live ones',
    body: ReplayBody,
    example: { since: '2026-11-28T00:00:00Z', only: 'missing' },
    answers: { 202: ReplayAnswer },
    problems: ['unknown_subscription'],
  },
  'GET /v1/replays/:id': {
    id: 'getReplay',
    tag: 'Deliveries',
    summary: 'A replay and its progress',
    answers: { 200: ReplayAnswer },
    problems: ['unknown_replay', 'unknown_subscription'],
  },
  'POST /v1/replays/:id/cancel': {
    id: 'cancelReplay',
    tag: 'Deliveries',
    summary: 'Ends a replay; deliveries that it has made due are sent',
    answers: { 200: ReplayAnswer },
    problems: ['unknown_replay', 'unknown_subscription', 'replay_over'],
  },
  'POST /v1/pushes/:id/replay': {
    id: 'replayPush',
    tag: 'Deliveries',
    summary: 'Sends one push again',
    body: PushReplayBody,
    answers: { 202: PushReplayAnswer },
    problems: ['unknown_push', 'unknown_subscription'],
  },
};

export function replayRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const { deliveries, replays } = platform;

  routes.post('/v1/subscriptions/:id/replays', async (request, response) => {
    const input = await readJson(request, ReplayBody);
    const { id } = await findOwnSubscription(platform, request.params.id, response);
    const replay = await replays.start(id, input);
    response.status(202).location(`/v1/replays/${replay.id}`).json(replayAnswer(replay));
  });

  routes.get('/v1/replays/:id', async (request, response) => {
    response.json(replayAnswer(await findOwnReplay(platform, request.params.id, response)));
  });

  routes.post('/v1/replays/:id/cancel', async (request, response) => {
    const { id } = await findOwnReplay(platform, request.params.id, response);
    response.json(replayAnswer(await replays.cancel(id)));
  });

  routes.post('/v1/pushes/:id/replay', async (request, response) => {
    const { subscriptions } = await readJson(request, PushReplayBody);
    const push = await deliveries.findPush(request.params.id);
    demandOwn(callerOf(response).rights, push);
    const receivers = subscriptions
      ? await namedReceivers(platform, push, subscriptions, response)
      : (await deliveries.matching(push)).filter(({ filter }) => hasOwnFilter(callerOf(response).rights, filter));
    await deliveries.replayPush(push, receivers);
    response.status(202).json({
      deliveries: receivers.map(({ id }) => ({ subscription: id, push: push.id })),
    });
  });

  return routes;
}

async function findOwnReplay(platform: GatewayPlatform, id: string, response: Response) {
  const replay = await platform.replays.find(id);
  // A key for all accounts may read the replay of a subscription that was deleted.
  if (callerOf(response).rights.accounts.length > 0) await findOwnSubscription(platform, replay.subscription, response);
  return replay;
}

/** Throws Failure `invalid_request` if a format cannot carry the push. */
async function namedReceivers(
  platform: GatewayPlatform,
  push: SealedPush,
  ids: readonly string[],
  response: Response,
): Promise<Subscription[]> {
  const found: Subscription[] = [];
  for (const id of new Set(ids)) found.push(await findOwnSubscription(platform, id, response));
  for (const { id, format, component } of found) {
    if (canCarry(format, push.type) && (component === null || component === push.component)) continue;
    const detail = `subscriptions: ${id} does not receive pushes of type ${push.type} of this component`;
    throw new Failure('invalid_request', 'fix-request', detail);
  }
  return found;
}
