import { mayCall } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { callerOf } from '../key/caller.ts';

const LaneAnswer = z
  .object({
    depth: z.int().meta({ description: 'calls that wait or are in flight' }),
    oldestAt: time.nullable().meta({ description: 'when the oldest call of those that are next was created' }),
    inFlight: z.int(),
    parked: z
      .int()
      .meta({ description: 'calls that wait for a quota to open, without those behind one of their order key' }),
    orderKeys: z.int().meta({ description: 'in a long lane, of its first 2,000 calls' }),
    waitingFor: z
      .array(z.object({ path: z.string(), until: time, calls: z.int() }))
      .readonly()
      .meta({ description: 'the closed quotas that parked calls wait for' }),
  })
  .meta({ id: 'Lane' });

export const laneOperations: Operations = {
  'GET /v1/authorizers/:appid/lane': {
    id: 'getLane',
    tag: 'Calls',
    summary: 'The background calls of an account that have not settled, and what they wait for',
    query: ComponentQuery,
    answers: { 200: LaneAnswer },
    problems: [...oneAccount],
  },
};

export function laneRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  routes.get('/v1/authorizers/:appid/lane', async (request, response) => {
    const { rights } = callerOf(response);
    const lane = await platform.laneViews.find(request.params.appid, ofOneComponent(request.query));
    response.json({
      depth: lane.depth,
      oldestAt: lane.oldestAt,
      inFlight: lane.inFlight,
      parked: lane.parked,
      orderKeys: lane.orderKeys,
      waitingFor: lane.waitingFor
        .filter(({ path }) => mayCall(rights, path))
        .map(({ path, until, calls }) => ({ path, until, calls })),
    } satisfies z.input<typeof LaneAnswer>);
  });
  return routes;
}
