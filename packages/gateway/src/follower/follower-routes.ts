import { once } from 'node:events';
import { beijingDay, type Follower, type FollowerFilter } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';
import { demandStillValid } from '../key/caller.ts';
import { csvLine } from './csv-line.ts';
import { FollowerAnswer, followerAnswer, followerColumns } from './follower-answer.ts';

const DAY_MS = 24 * 60 * 60_000;
const MAX_DAYS = 400;

const filter = {
  subscribed: z.enum(['true', 'false']).optional(),
  since: z.iso
    .datetime({ offset: true })
    .or(z.iso.date())
    .optional()
    .meta({ description: 'followed since this time; a date alone means its midnight in Beijing' }),
  tag: z.coerce.number().int().min(0).optional(),
  scene: z.string().max(64).optional(),
  ...ComponentQuery.shape,
};

/** The query of `GET …/followers`; that of the exports has no page. */
const FollowerListQuery = PageQuery.extend(filter);

const FollowerExportQuery = z.object(filter);

/** Beijing days; the last 30 by default. */
const GrowthQuery = z.object({ from: z.iso.date().optional(), to: z.iso.date().optional(), ...ComponentQuery.shape });

const CountsAnswer = z
  .object({ total: z.int(), subscribed: z.int(), unsubscribed: z.int() })
  .meta({ id: 'FollowerCounts' });

const GrowthDayAnswer = z
  .object({ day: z.string(), subscribed: z.int(), unsubscribed: z.int() })
  .meta({ id: 'GrowthDay' });

export const followerOperations: Operations = {
  'GET /v1/authorizers/:appid/followers': {
    id: 'listFollowers',
    tag: 'Followers',
    summary: 'The present and former followers of an account',
    query: FollowerListQuery,
    answers: { 200: pageOf(FollowerAnswer) },
    problems: [...oneAccount],
  },
  'GET /v1/authorizers/:appid/followers.ndjson': {
    id: 'exportFollowersAsNdjson',
    tag: 'Followers',
    summary: 'All followers, one JSON object per line',
    query: FollowerExportQuery,
    answers: { 200: { contentType: 'application/x-ndjson', description: 'One follower per line.' } },
    problems: [...oneAccount],
  },
  'GET /v1/authorizers/:appid/followers.csv': {
    id: 'exportFollowersAsCsv',
    tag: 'Followers',
    summary: 'All followers, as CSV',
    query: FollowerExportQuery,
    answers: { 200: { contentType: 'text/csv', description: 'One follower per line, after a header.' } },
    problems: [...oneAccount],
  },
  'GET /v1/authorizers/:appid/followers/counts': {
    id: 'countFollowers',
    tag: 'Followers',
    summary: 'The numbers of followers',
    query: ComponentQuery,
    answers: { 200: CountsAnswer },
    problems: [...oneAccount],
  },
  'GET /v1/authorizers/:appid/followers/growth': {
    id: 'listFollowerGrowth',
    tag: 'Followers',
    summary: 'New and lost followers per day (Beijing time)',
    query: GrowthQuery,
    answers: { 200: pageOf(GrowthDayAnswer) },
    problems: [...oneAccount],
  },
};

export function followerRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const { followers } = platform;

  routes.get('/v1/authorizers/:appid/followers', async (request, response) => {
    const { limit, cursor, ...query } = readQuery(FollowerListQuery, request.query);
    const page = await followers.list(request.params.appid, query.component, readFilter(query), { limit, cursor });
    response.json({ items: page.items.map(followerAnswer), next: page.next });
  });

  const exported = (type: string, head: string, line: (follower: Follower) => string) => {
    return async (request: Request<{ appid: string }>, response: Response) => {
      const query = readQuery(FollowerExportQuery, request.query);
      const all = await followers.stream(request.params.appid, query.component, readFilter(query));
      response.set('content-type', type);
      await send(response, head, all, line);
    };
  };
  routes.get(
    '/v1/authorizers/:appid/followers.ndjson',
    exported('application/x-ndjson', '', (follower) => `${JSON.stringify(followerAnswer(follower))}\n`),
  );
  routes.get(
    '/v1/authorizers/:appid/followers.csv',
    exported('text/csv; charset=utf-8; header=present', csvLine(followerColumns), (follower) => {
      const answer = followerAnswer(follower);
      return csvLine(followerColumns.map((column) => answer[column]));
    }),
  );

  routes.get('/v1/authorizers/:appid/followers/counts', async (request, response) => {
    response.json(await followers.counts(request.params.appid, ofOneComponent(request.query)));
  });

  routes.get('/v1/authorizers/:appid/followers/growth', async (request, response) => {
    const query = readQuery(GrowthQuery, request.query);
    const to = query.to === undefined ? beijingDay(Date.now()) : Date.parse(query.to) / DAY_MS;
    const from = query.from === undefined ? to - 29 : Date.parse(query.from) / DAY_MS;
    if (to < from || to - from >= MAX_DAYS) {
      throw new Failure(
        'invalid_request',
        'fix-request',
        `from, to: give at most ${MAX_DAYS} days, the first day first.`,
      );
    }
    const items = await followers.growth(request.params.appid, ofOneComponent(request.query), from, to);
    response.json({ items, next: null });
  });

  return routes;
}

function readFilter(query: z.infer<typeof FollowerExportQuery>): FollowerFilter {
  return {
    subscribed: query.subscribed === undefined ? undefined : query.subscribed === 'true',
    since: query.since === undefined ? undefined : startOf(query.since),
    tag: query.tag,
    scene: query.scene,
  };
}

/** Reads the next page only when the connection has taken the last one, so that a slow caller costs no memory. */
async function send(
  response: Response,
  head: string,
  all: AsyncGenerator<readonly Follower[]>,
  line: (follower: Follower) => string,
): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  if (head !== '') response.write(head);
  for await (const some of all) {
    if (closed.signal.aborted) return;
    await demandStillValid(response);
    if (!response.write(some.map(line).join(''))) {
      await once(response, 'drain', { signal: closed.signal }).catch(() => {});
    }
  }
  response.end();
}

/** A date alone is a day in Beijing, as in the growth by days. */
function startOf(timeOrDate: string): Date {
  return new Date(timeOrDate.includes('T') ? timeOrDate : `${timeOrDate}T00:00:00+08:00`);
}
