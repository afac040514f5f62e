import {
  type Delivery,
  demandAccount,
  demandUnrestricted,
  type PushView,
  pushTypes,
  replyNames,
} from '@wxthirdparty/platform';
import { type Response, Router } from 'express';
import { z } from 'zod';
import { hiddenFromSessions } from '../contract/hidden-from-sessions.ts';
import { nickName } from '../contract/nick-name.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';
import { callerOf } from '../key/caller.ts';
import { maySeeNickNames } from '../key/may-see-nick-names.ts';

const instant = z.iso
  .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone' })
  .transform((text) => new Date(text));

/** What `GET /v1/pushes` takes. */
const PushListQuery = PageQuery.extend({
  appid: z.string().optional(),
  handle: z.string().optional(),
  type: z.string().optional().meta({ description: 'exact, or a prefix with `*` at its end' }),
  since: instant.optional(),
  until: instant.optional().meta({ description: 'excluded' }),
  openid: z.string().optional().meta({ description: 'needs `appid` or `handle`' }),
});

const PushAnswer = z
  .object({
    id: z.string(),
    seq: z.string().meta({ description: 'the order of acceptance; it can repeat' }),
    component: z.string(),
    appid: z.string().nullable().meta({ description: 'null: it concerns no account' }),
    handle: z.string().nullable().meta({ description: 'the account’s current one' }),
    nickName,
    type: z.string(),
    note: z.enum(['unreadable', 'wrong_account']).nullable(),
    createTime: time,
    receivedAt: time,
    deliveries: z
      .array(
        z.object({
          subscription: z.string(),
          state: z.enum(['pending', 'delivered', 'dead']),
          attemptCount: z.int(),
          status: z.int().nullable(),
          code: z.string().nullable(),
          replyState: z.string().nullable(),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'Push' });

const PushWithDataAnswer = PushAnswer.extend({
  data: hiddenFromSessions(
    z
      .record(z.string(), z.unknown())
      .readonly()
      .nullable()
      .meta({ description: 'as format `json` delivers it; null if no key in SECRETS_KEY opens it' }),
  ),
}).meta({ id: 'PushWithData' });

const PushTypeAnswer = z
  .object({
    type: z.string(),
    fields: z.array(z.string()).readonly(),
    replies: z.array(z.enum(replyNames)).readonly().meta({ description: 'from a mini program only `transfer`' }),
    lateWindowMs: z
      .int()
      .nullable()
      .meta({ description: 'how long a customer message may answer it; null: not at all' }),
    description: z.object({ zh: z.string(), en: z.string() }),
  })
  .meta({ id: 'PushType' });

export const journalOperations: Operations = {
  'GET /v1/pushes': {
    id: 'listPushes',
    tag: 'Pushes',
    summary: 'Pushes and notices, the newest first; a filtered page may hold fewer than `limit`',
    query: PushListQuery,
    answers: { 200: pageOf(PushAnswer) },
  },
  'GET /v1/pushes/:id': {
    id: 'getPush',
    tag: 'Pushes',
    summary: 'One push with its content and its deliveries',
    answers: { 200: PushWithDataAnswer },
    problems: ['unknown_push'],
  },
  'GET /v1/push-types': {
    id: 'listPushTypes',
    tag: 'Pushes',
    summary: 'The documented types of pushes, and what may answer them',
    answers: { 200: z.object({ items: z.array(PushTypeAnswer).readonly() }) },
  },
};

export function journalRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.get('/v1/pushes', async (request, response) => {
    const query = readQuery(PushListQuery, request.query);
    const { rights } = callerOf(response);
    if (query.appid !== undefined) demandAccount(rights, query.appid);
    const { items, next } = await platform.journal.list({ ...query, own: rights.accounts });
    response.json({ items: items.map((push) => pushAnswer(push, response)), next });
  });

  routes.get('/v1/pushes/:id', async (request, response) => {
    const { data, ...push } = await platform.journal.find(request.params.id);
    const { rights } = callerOf(response);
    if (push.appid === null) demandUnrestricted(rights, 'accounts');
    else demandAccount(rights, push.appid);
    response.json({ ...pushAnswer(push, response), data } satisfies z.input<typeof PushWithDataAnswer>);
  });

  routes.get('/v1/push-types', (_request, response) => {
    const items = Object.entries(pushTypes).map(([type, description]) => ({ type, ...description }));
    response.json({ items });
  });

  return routes;
}

/** Member by member, so that nothing that is added to a push is published by itself. */
function pushAnswer(push: PushView, response: Response): z.input<typeof PushAnswer> {
  return {
    id: push.id,
    seq: String(push.seq),
    component: push.component,
    appid: push.appid,
    handle: push.handle,
    nickName: maySeeNickNames(response) ? push.nickName : null,
    type: push.type,
    note: push.note,
    createTime: push.createTime,
    receivedAt: push.receivedAt,
    deliveries: push.deliveries.map(deliveryOf),
  };
}

function deliveryOf({ subscription, state, attemptCount, status, code, reply }: Delivery) {
  return { subscription, state, attemptCount, status, code, replyState: reply?.state ?? null };
}
