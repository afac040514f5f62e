import { type AccountName, demandAccount, type FollowerSync, isOver, type SyncSchedule } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { nickName } from '../contract/nick-name.ts';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { remedy } from '../contract/remedy.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import type { Shutdown } from '../http/shutdown.ts';
import { callerOf, demandStillValid } from '../key/caller.ts';
import { maySeeNickNames } from '../key/may-see-nick-names.ts';
import { followerSyncEvents } from './follower-sync-events.ts';

/** The body of `POST …/follower-syncs`. */
const FollowerSyncInput = z.strictObject({ details: z.boolean().default(true) });

/** The body of `PUT …/follower-sync-schedule`. */
const FollowerSyncScheduleInput = z.strictObject({
  at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM, Beijing time'),
  details: z.boolean().default(true),
});

const ListQuery = PageQuery.pick({ limit: true }).extend(ComponentQuery.shape);

const syncState = z.enum(['queued', 'running', 'paused', 'completed', 'failed', 'cancelled']);

/** What `GET /v1/follower-syncs` takes. */
const SyncListQuery = PageQuery.extend({ component: z.string().optional(), state: syncState.optional() });

const FollowerSyncAnswer = z
  .object({
    id: z.string(),
    appid: z.string(),
    component: z.string(),
    handle: z.string().nullable().meta({ description: 'the account’s current one' }),
    nickName,
    state: syncState,
    phase: z.enum(['listing', 'details', 'finishing']),
    details: z.boolean(),
    listed: z.int(),
    detailed: z.int(),
    withoutDetails: z.int().meta({
      description:
        'of the detailed followers, those whose details WeChat refused or returned in unreadable form; they are stored as listed',
    }),
    total: z.int().nullable().meta({ description: 'the number that WeChat reports; null until the first page' }),
    ratePerSecond: z.number().nullable(),
    waitingUntil: time.nullable().meta({ description: 'while a closed quota or a transient error delays it' }),
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    error: z
      .object({ code: z.string(), remedy, message: z.string(), errcode: z.int().optional() })
      .nullable()
      .meta({ description: 'why it failed, or why it waits' }),
  })
  .meta({ id: 'FollowerSync' });

const ScheduleAnswer = z
  .object({ at: z.string(), details: z.boolean(), nextAt: time })
  .meta({ id: 'FollowerSyncSchedule' });

const steering = {
  tag: 'Follower syncs',
  answers: { 200: FollowerSyncAnswer },
  problems: ['unknown_follower_sync', 'follower_sync_over'],
} as const;

const ofSchedules = { tag: 'Follower syncs', query: ComponentQuery } as const;

export const followerSyncOperations: Operations = {
  'POST /v1/authorizers/:appid/follower-syncs': {
    id: 'startFollowerSync',
    tag: 'Follower syncs',
    summary: 'Copies all followers of an account; returns the running sync if there is one',
    query: ComponentQuery,
    body: FollowerSyncInput,
    answers: { 200: FollowerSyncAnswer, 202: FollowerSyncAnswer },
    problems: ['reauthorize', ...oneAccount],
  },
  'GET /v1/authorizers/:appid/follower-syncs': {
    id: 'listFollowerSyncs',
    tag: 'Follower syncs',
    summary: 'The last syncs of an account, the newest first',
    query: ListQuery,
    answers: { 200: pageOf(FollowerSyncAnswer) },
    problems: [...oneAccount],
  },
  'GET /v1/follower-syncs': {
    id: 'listAllFollowerSyncs',
    tag: 'Follower syncs',
    summary: 'The syncs of all accounts, the newest first; a filtered page may hold fewer than `limit`',
    query: SyncListQuery,
    answers: { 200: pageOf(FollowerSyncAnswer) },
    problems: ['unknown_component'],
  },
  'GET /v1/follower-syncs/:id': {
    ...{ id: 'getFollowerSync', tag: 'Follower syncs', summary: 'The progress of a sync' },
    answers: { 200: FollowerSyncAnswer },
    problems: ['unknown_follower_sync'],
  },
  'GET /v1/follower-syncs/:id/events': {
    ...{ id: 'followFollowerSync', tag: 'Follower syncs', summary: 'The progress of a sync, as events' },
    answers: { 200: { contentType: 'text/event-stream', description: 'Events `sync`, each with the sync as JSON.' } },
    problems: ['unknown_follower_sync'],
  },
  'POST /v1/follower-syncs/:id/pause': { ...steering, id: 'pauseFollowerSync', summary: 'Pauses a sync' },
  'POST /v1/follower-syncs/:id/resume': { ...steering, id: 'resumeFollowerSync', summary: 'Resumes a sync' },
  'POST /v1/follower-syncs/:id/cancel': { ...steering, id: 'cancelFollowerSync', summary: 'Cancels a sync' },
  'GET /v1/authorizers/:appid/follower-sync-schedule': {
    ...{ ...ofSchedules, id: 'getFollowerSyncSchedule', summary: 'The time of the daily sync' },
    answers: { 200: ScheduleAnswer },
    problems: ['not_found', ...oneAccount],
  },
  'PUT /v1/authorizers/:appid/follower-sync-schedule': {
    ...{
      ...ofSchedules,
      id: 'setFollowerSyncSchedule',
      summary: 'Copies followers every day at this time (Beijing time)',
    },
    body: FollowerSyncScheduleInput,
    example: { at: '04:30' },
    answers: { 200: ScheduleAnswer },
    problems: [...oneAccount],
  },
  'DELETE /v1/authorizers/:appid/follower-sync-schedule': {
    ...{ ...ofSchedules, id: 'dropFollowerSyncSchedule', summary: 'Ends the daily sync' },
    answers: { 204: null },
    problems: [...oneAccount],
  },
};

export function followerSyncRoutes(platform: GatewayPlatform, shutdown: Shutdown): Router {
  const routes = Router();
  const { followerSyncs } = platform;

  /** Throws Failure `forbidden` if the caller's key is not for the sync's account. */
  const find = async (id: string, response: Response): Promise<FollowerSync> => {
    const sync = await followerSyncs.find(id);
    demandAccount(callerOf(response).rights, sync.appid);
    return sync;
  };

  /** Of the accounts of these syncs. */
  const namesOf = async (syncs: readonly FollowerSync[], response: Response) => {
    const nameOf = await platform.accountNames.of(syncs);
    const withNickNames = maySeeNickNames(response);
    return (sync: FollowerSync): AccountName => {
      const { handle, nickName } = nameOf(sync);
      return { handle, nickName: withNickNames ? nickName : null };
    };
  };

  const answerOf = async (sync: FollowerSync, response: Response) => {
    const nameOf = await namesOf([sync], response);
    return followerSyncAnswer(sync, nameOf(sync));
  };

  const listAnswer = async (items: readonly FollowerSync[], next: string | null, response: Response) => {
    const nameOf = await namesOf(items, response);
    return { items: items.map((sync) => followerSyncAnswer(sync, nameOf(sync))), next };
  };

  routes.post('/v1/authorizers/:appid/follower-syncs', async (request, response) => {
    const { details } = await readJson(request, FollowerSyncInput);
    const component = ofOneComponent(request.query);
    const { sync, started } = await followerSyncs.start(request.params.appid, component, details);
    response.status(started ? 202 : 200).location(`/v1/follower-syncs/${sync.id}`);
    response.json(await answerOf(sync, response));
  });

  routes.get('/v1/authorizers/:appid/follower-syncs', async (request, response) => {
    const { limit, component } = readQuery(ListQuery, request.query);
    const items = await followerSyncs.list(request.params.appid, component, limit);
    response.json(await listAnswer(items, null, response));
  });

  routes.get('/v1/follower-syncs', async (request, response) => {
    const { accounts } = callerOf(response).rights;
    const query = readQuery(SyncListQuery, request.query);
    const { items, next } = await followerSyncs.listAll({ ...query, accounts });
    response.json(await listAnswer(items, next, response));
  });

  routes.get('/v1/follower-syncs/:id', async (request, response) => {
    response.json(await answerOf(await find(request.params.id, response), response));
  });

  routes.get('/v1/follower-syncs/:id/events', async (request, response) => {
    const { id } = request.params;
    // Once: the progress is read every half second.
    const nameOf = await namesOf([await find(id, response)], response);
    await followerSyncEvents(response, shutdown, async () => {
      await demandStillValid(response);
      const sync = await find(id, response);
      return { data: JSON.stringify(followerSyncAnswer(sync, nameOf(sync))), last: isOver(sync.state) };
    });
  });

  const steerRoute = (steer: (id: string) => Promise<FollowerSync>) => {
    return async (request: Request<{ id: string }>, response: Response) => {
      await find(request.params.id, response);
      response.json(await answerOf(await steer(request.params.id), response));
    };
  };
  routes.post(
    '/v1/follower-syncs/:id/pause',
    steerRoute((id) => followerSyncs.pause(id)),
  );
  routes.post(
    '/v1/follower-syncs/:id/resume',
    steerRoute((id) => followerSyncs.resume(id)),
  );
  routes.post(
    '/v1/follower-syncs/:id/cancel',
    steerRoute((id) => followerSyncs.cancel(id)),
  );

  routes
    .route('/v1/authorizers/:appid/follower-sync-schedule')
    .get(async (request, response) => {
      const schedule = await followerSyncs.schedule(request.params.appid, ofOneComponent(request.query));
      if (!schedule) throw new Failure('not_found', 'fix-request', 'This account has no daily follower sync.');
      response.json(scheduleAnswer(schedule));
    })
    .put(async (request, response) => {
      const input = await readJson(request, FollowerSyncScheduleInput);
      const component = ofOneComponent(request.query);
      response.json(scheduleAnswer(await followerSyncs.setSchedule(request.params.appid, component, input)));
    })
    .delete(async (request, response) => {
      await followerSyncs.dropSchedule(request.params.appid, ofOneComponent(request.query));
      response.status(204).end();
    });

  return routes;
}

/** Member by member, so that nothing that is added to a sync gets out by itself. */
function followerSyncAnswer(sync: FollowerSync, { handle, nickName }: AccountName): z.input<typeof FollowerSyncAnswer> {
  return {
    id: sync.id,
    appid: sync.appid,
    component: sync.component,
    handle,
    nickName,
    state: sync.state,
    phase: sync.phase,
    details: sync.details,
    listed: sync.listed,
    detailed: sync.detailed,
    withoutDetails: sync.withoutDetails,
    total: sync.total,
    ratePerSecond: sync.ratePerSecond,
    waitingUntil: sync.waitingUntil,
    createdAt: sync.createdAt,
    startedAt: sync.startedAt,
    finishedAt: sync.finishedAt,
    error: sync.error,
  };
}

function scheduleAnswer({ at, details, nextAt }: SyncSchedule): z.input<typeof ScheduleAnswer> {
  return { at, details, nextAt };
}
