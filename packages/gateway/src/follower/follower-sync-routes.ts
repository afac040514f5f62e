import { demandAccount, type FollowerSync, isOver, type SyncSchedule } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { Leaving } from '../http/leaving.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import { callerOf, demandStillGood } from '../key/caller.ts';
import { ofOneComponent } from '../one-component.ts';
import { followerSyncEvents } from './follower-sync-events.ts';

/**
 * What `POST …/follower-syncs` takes.
 * @public the API's description is made from it
 */
export const FollowerSyncWish = z.strictObject({ details: z.boolean().default(true) });

/**
 * What `PUT …/follower-sync-schedule` takes; the time is Beijing's.
 * @public the API's description is made from it
 */
export const FollowerSyncScheduleWish = z.strictObject({
  at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM, Beijing time'),
  details: z.boolean().default(true),
});

const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  component: z.string().optional(),
});

export function followerSyncRoutes(platform: GatewayPlatform, leaving: Leaving): Router {
  const routes = Router();
  const { followerSyncs } = platform;

  /** Only to whom its account is open. */
  const find = async (id: string, response: Response): Promise<FollowerSync> => {
    const sync = await followerSyncs.find(id);
    demandAccount(callerOf(response).rights, sync.appid);
    return sync;
  };

  routes.post('/v1/authorizers/:appid/follower-syncs', async (request, response) => {
    const { details } = await readJson(request, FollowerSyncWish);
    const component = ofOneComponent(request.query);
    const { sync, started } = await followerSyncs.start(request.params.appid, component, details);
    response.status(started ? 202 : 200).location(`/v1/follower-syncs/${sync.id}`);
    response.json(followerSyncAnswer(sync));
  });

  routes.get('/v1/authorizers/:appid/follower-syncs', async (request, response) => {
    const { limit, component } = readQuery(ListQuery, request.query);
    const items = await followerSyncs.list(request.params.appid, component, limit);
    response.json({ items: items.map(followerSyncAnswer), next: null });
  });

  routes.get('/v1/follower-syncs/:id', async (request, response) => {
    response.json(followerSyncAnswer(await find(request.params.id, response)));
  });

  routes.get('/v1/follower-syncs/:id/events', async (request, response) => {
    const { id } = request.params;
    await followerSyncEvents(response, leaving, async () => {
      await demandStillGood(response);
      const sync = await find(id, response);
      return { data: JSON.stringify(followerSyncAnswer(sync)), last: isOver(sync.state) };
    });
  });

  const steered = (steer: (id: string) => Promise<FollowerSync>) => {
    return async (request: Request<{ id: string }>, response: Response) => {
      await find(request.params.id, response);
      response.json(followerSyncAnswer(await steer(request.params.id)));
    };
  };
  routes.post(
    '/v1/follower-syncs/:id/pause',
    steered((id) => followerSyncs.pause(id)),
  );
  routes.post(
    '/v1/follower-syncs/:id/resume',
    steered((id) => followerSyncs.resume(id)),
  );
  routes.post(
    '/v1/follower-syncs/:id/cancel',
    steered((id) => followerSyncs.cancel(id)),
  );

  routes
    .route('/v1/authorizers/:appid/follower-sync-schedule')
    .get(async (request, response) => {
      const schedule = await followerSyncs.schedule(request.params.appid, ofOneComponent(request.query));
      if (!schedule) throw new Failure('not_found', 'fix-request', 'this account has no daily follower sync');
      response.json(scheduleAnswer(schedule));
    })
    .put(async (request, response) => {
      const wish = await readJson(request, FollowerSyncScheduleWish);
      const component = ofOneComponent(request.query);
      response.json(scheduleAnswer(await followerSyncs.setSchedule(request.params.appid, component, wish)));
    })
    .delete(async (request, response) => {
      await followerSyncs.dropSchedule(request.params.appid, ofOneComponent(request.query));
      response.status(204).end();
    });

  return routes;
}

/** Member by member, so that nothing that is added to a sync gets out by itself. */
function followerSyncAnswer(sync: FollowerSync): Record<string, unknown> {
  return {
    id: sync.id,
    appid: sync.appid,
    component: sync.component,
    state: sync.state,
    phase: sync.phase,
    details: sync.details,
    listed: sync.listed,
    detailed: sync.detailed,
    total: sync.total,
    ratePerSecond: sync.ratePerSecond,
    waitingUntil: sync.waitingUntil,
    createdAt: sync.createdAt,
    startedAt: sync.startedAt,
    finishedAt: sync.finishedAt,
    error: sync.error,
  };
}

function scheduleAnswer({ at, details, nextAt }: SyncSchedule): Record<string, unknown> {
  return { at, details, nextAt };
}
