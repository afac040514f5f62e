import { Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';

const MAX_HOURS = 48;
const hoursFault = `a whole number from 1 to ${MAX_HOURS}`;

const ActivityQuery = z.object({
  hours: z.coerce.number(hoursFault).int(hoursFault).min(1, hoursFault).max(MAX_HOURS, hoursFault).default(24),
  component: z.string().optional().meta({ description: 'all components if missing' }),
});

const counts = z.array(z.int()).readonly();

const ActivityAnswer = z
  .object({
    from: time.meta({ description: 'when the first interval began; the last one is not over' }),
    stepMs: z.int().meta({ description: 'the length of an interval' }),
    calls: z.object({
      completed: counts,
      failed: counts.meta({ description: 'settled with a failure or with an errcode' }),
    }),
    pushes: z.object({
      accepted: counts,
      failed: counts.meta({ description: 'refused, not stored, unreadable, too old, or of another account' }),
    }),
    deliveries: z.object({
      delivered: counts,
      failed: counts.meta({ description: 'attempts, whether or not another one followed' }),
    }),
  })
  .meta({ id: 'Activity' });

export const activityOperations: Operations = {
  'GET /v1/activity': {
    id: 'getActivity',
    tag: 'Status',
    summary: 'How many calls, pushes and deliveries all processes had, in intervals of five minutes',
    description: 'A process adds its counts every ten seconds; an answer is up to 30 seconds old.',
    query: ActivityQuery,
    answers: { 200: ActivityAnswer },
    problems: ['unknown_component'],
  },
};

export function activityRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  routes.get('/v1/activity', async (request, response) => {
    const history = await platform.activityHistories.read(readQuery(ActivityQuery, request.query));
    response.json(history satisfies z.input<typeof ActivityAnswer>);
  });
  return routes;
}
