import { z } from 'zod';
import { hiddenFromSessions } from '../contract/hidden-from-sessions.ts';
import { nickName } from '../contract/nick-name.ts';
import { PageQuery } from '../contract/page.ts';
import { ReplyAnswer } from '../contract/reply.ts';
import { time } from '../contract/time.ts';

const MAX_SUBSCRIPTIONS = 200;

const instant = z.iso
  .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone' })
  .transform((text) => new Date(text));

const state = z.enum(['pending', 'delivered', 'dead']);
const code = z.string().nullable();
const status = z.int().nullable();

/** What `GET /v1/deliveries` takes. */
export const DeliveryListQuery = PageQuery.extend({
  subscription: z.string().optional().meta({ description: 'one of subscription, appid and handle is required' }),
  appid: z.string().optional(),
  handle: z.string().optional(),
  state: state.optional(),
});

export const DeliveryAnswer = z
  .object({
    subscription: z.string(),
    push: z.string().meta({ description: 'the id of the push, which is also `webhook-id`' }),
    seq: z.string().meta({ description: 'the order of acceptance' }),
    component: z.string(),
    appid: z.string().nullable().meta({ description: 'null: the push concerns no account' }),
    handle: z.string().nullable(),
    nickName,
    type: z.string(),
    state: state.meta({ description: '`dead`: it is not sent again by itself' }),
    attemptCount: z.int(),
    nextAttemptAt: time.nullable(),
    status: status.meta({ description: 'of the last attempt' }),
    code: code.meta({ description: 'why the last attempt failed; null: it was answered 2xx, or there was none' }),
    ms: z.int().nullable(),
    settledAt: time.nullable(),
    replay: z.string().nullable().meta({ description: 'what sent it again: a replay, or `single`' }),
    reply: z
      .object({
        state: z.enum(['passive', 'customer_message', 'none', 'invalid', 'dropped']),
        reason: z.string().nullable(),
        callId: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Delivery' });

const AttemptAnswer = z.object({
  number: z.int(),
  at: time,
  status,
  code: z.string(),
  ms: z.int(),
  answer: hiddenFromSessions(z.string().nullable().meta({ description: 'its first kilobyte' })),
});

export const DeliveryWithAttemptsAnswer = DeliveryAnswer.extend({
  attempts: z.array(AttemptAnswer).readonly().meta({ description: 'the last ten failed ones' }),
}).meta({ id: 'DeliveryWithAttempts' });

/** The body of `POST /v1/subscriptions/:id/replays`. */
export const ReplayBody = z
  .strictObject({
    since: instant.meta({ description: 'by the time of acceptance' }),
    until: instant.nullable().default(null).meta({ description: 'null: now' }),
    only: z
      .enum(['missing', 'all'])
      .default('missing')
      .meta({ description: '`missing`: only what has not been delivered; dead deliveries included' }),
  })
  .meta({ id: 'ReplayInput' });

export const ReplayAnswer = z
  .object({
    id: z.string(),
    subscription: z.string(),
    since: time,
    until: time,
    only: z.enum(['missing', 'all']),
    state: z.enum(['running', 'completed', 'failed', 'cancelled']),
    matched: z.int().meta({ description: 'deliveries that were created or reopened' }),
    createdAt: time,
    finishedAt: time.nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'Replay' });

/** The body of `POST /v1/pushes/:id/replay`. */
export const PushReplayBody = z.strictObject({
  subscriptions: z
    .array(z.string())
    .min(1)
    .max(MAX_SUBSCRIPTIONS)
    .optional()
    .meta({ description: 'whatever their filters; by default all active ones that match' }),
});

export const PushReplayAnswer = z.object({
  deliveries: z.array(z.object({ subscription: z.string(), push: z.string() })).readonly(),
});

/** The body of `POST /v1/subscriptions/:id/test`. */
export const TestBody = z.union([
  z.strictObject({
    type: z.string().meta({ description: 'one of `GET /v1/push-types`, or `component_verify_ticket`' }),
    appid: z.string().nullable().default(null).meta({ description: 'null: an invented account' }),
  }),
  z.strictObject({ push: z.string().meta({ description: 'the id of a push in the journal' }) }),
]);

const headers = z.record(z.string(), z.string()).readonly();
/** It may repeat what it was sent. */
const body = hiddenFromSessions(z.string().nullable().meta({ description: 'null for a session of the console' }));

export const TestAnswer = z.object({
  request: z.object({ url: z.string(), headers, body }),
  response: z
    .object({ status: z.int(), headers, body, ms: z.int() })
    .nullable()
    .meta({ description: 'null: there was no answer' }),
  echo: z
    .object({ status: z.int(), ms: z.int() })
    .nullable()
    .meta({ description: 'in the formats of WeChat: of the GET by which WeChat checks a URL' }),
  reply: hiddenFromSessions(ReplyAnswer.nullable().meta({ description: 'how the answer would be read' })),
  problem: z.object({ code: z.string(), detail: z.string() }).nullable(),
});
