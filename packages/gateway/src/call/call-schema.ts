import { z } from 'zod';
import { Explanation } from '../contract/explanation.ts';
import { hiddenFromSessions } from '../contract/hidden-from-sessions.ts';
import { nickName } from '../contract/nick-name.ts';
import { remedy } from '../contract/remedy.ts';
import { time } from '../contract/time.ts';

export const callState = z.enum(['queued', 'running', 'delayed', 'completed', 'failed', 'cancelled']).meta({
  description: '`completed`: WeChat answered, whatever its errcode',
});

// Missing for a call whose record cannot be read because Redis is unreachable.
const known = {
  component: z.string().optional(),
  appid: z.string().optional(),
  method: z.string().optional(),
  path: z.string().optional(),
  requestBytes: z.int().optional().meta({ description: 'the size of its body' }),
  deadlineAt: time.optional().meta({ description: 'the call is not sent after this time' }),
};

/** What lists and single answers have of a call. */
const CallSummaryFields = z.object({
  id: z.string(),
  state: callState,
  attempts: z.int().meta({ description: 'departures so far' }),
  createdAt: time,
  settledAt: time.nullable(),
  notBeforeAt: time.nullable().meta({ description: 'the call is not sent before this time' }),
  ...known,
  answered: z
    .object({
      status: z.int(),
      errcode: z.int().nullable(),
      rid: z.string().nullable(),
      bytes: z.int().nullable().meta({ description: 'the size of its body' }),
    })
    .nullable()
    .meta({ description: 'WeChat’s answer without its content, if that is the outcome' }),
  failure: z
    .object({
      code: z.string(),
      remedy,
      message: z.string(),
      errcode: z.int().nullable(),
      rid: z.string().nullable(),
      explanation: Explanation,
    })
    .nullable(),
});

const accountHandle = z
  .string()
  .nullable()
  .meta({ description: 'of the account; null: unknown, or a component’s call' });

const accountNames = {
  handle: accountHandle,
  nickName,
};

/** A call in a list. */
export const CallSummaryAnswer = CallSummaryFields.extend(accountNames).meta({ id: 'CallSummary' });

/** A call as business programs receive it. */
export const CallAnswer = CallSummaryFields.extend({
  handle: accountHandle.optional(),
  response: z
    .object({
      status: z.int(),
      headers: z.record(z.string(), z.string()).readonly(),
      body: hiddenFromSessions(
        z.unknown().meta({
          description: 'JSON, with integers beyond 2^53 as strings; a text; or `{"base64","contentType"}` of a file',
        }),
      ),
    })
    .nullable(),
  responseKept: z.literal(false).optional().meta({
    description:
      'WeChat answered, but its answer is not kept: its caller received it, or newer ones of the account needed the space',
  }),
  explanation: Explanation.nullable().meta({ description: 'of the errcode, if WeChat refused' }),
  quota: z
    .object({
      used: z.int(),
      limit: z.int().nullable(),
      remaining: z.int().nullable(),
      closedUntil: time.nullable(),
    })
    .nullable(),
}).meta({ id: 'Call' });

const ms = z.int();
const attempt = z.int().nullable().meta({ description: 'null: of none' });
const unanswered = z
  .object({ code: z.string(), ms })
  .nullable()
  .meta({ description: 'why there was no answer, and how long it was waited for' });

/** One event of a call's timeline. */
const TimelineEventAnswer = z
  .discriminatedUnion('event', [
    z.object({
      at: time,
      event: z.literal('received'),
      attempt,
      detail: z.object({
        kind: z.enum(['inline', 'queued', 'background']).meta({
          description: '`inline`: the process that received it sends it; `background`: no caller waits',
        }),
        orderKey: z.boolean(),
      }),
    }),
    z.object({ at: time, event: z.literal('queued'), attempt, detail: z.null() }),
    z.object({
      at: time,
      event: z.literal('token_waited'),
      attempt,
      detail: z.object({ ms: ms.meta({ description: 'from then until there was a token' }) }),
    }),
    z.object({
      at: time,
      event: z.literal('sent'),
      attempt,
      detail: z.object({
        quota: z
          .object({ used: z.int(), limit: z.int().nullable() })
          .nullable()
          .meta({ description: 'at that time, with this attempt' }),
      }),
    }),
    z.object({
      at: time,
      event: z.literal('answered'),
      attempt,
      detail: z.object({
        ms: ms.meta({ description: 'since it was sent' }),
        status: z.int(),
        errcode: z.int().nullable(),
        rid: z.string().nullable(),
        code: z.string().nullable().meta({ description: 'why the answer is none' }),
      }),
    }),
    z.object({
      at: time,
      event: z.literal('parked'),
      attempt,
      detail: z.object({
        reason: z.enum(['quota', 'token', 'replica']).meta({ description: 'what the call waits for' }),
        until: time,
      }),
    }),
    z.object({
      at: time,
      event: z.literal('retried'),
      attempt,
      detail: z.object({
        reason: z.enum(['token_refused', 'quota_refused', 'transient', 'not_sent', 'shutdown']),
        afterMs: ms,
        unanswered,
      }),
    }),
    z.object({
      at: time,
      event: z.literal('settled'),
      attempt,
      detail: z.object({ state: callState, code: z.string().nullable(), unanswered }),
    }),
    z.object({
      at: time,
      event: z.literal('callback'),
      attempt,
      detail: z.object({ result: z.enum(['delivered', 'refused', 'failed']), status: z.int().nullable() }),
    }),
  ])
  .meta({ id: 'TimelineEvent' });

/** What `GET /v1/calls/:id` answers. */
export const CallDetailAnswer = CallAnswer.extend({
  explanation: Explanation.extend({
    link: z.string().nullable().meta({ description: 'WeChat’s page of its errcodes' }),
  })
    .nullable()
    .meta({ description: 'of the errcode, or of the failure' }),
  ...accountNames,
  key: z
    .object({ id: z.string(), name: z.string().nullable() })
    .nullable()
    .meta({ description: 'with which it was requested; null: unknown, or a call of the platform itself' }),
  rid: z.string().nullable().meta({ description: 'WeChat’s id of the request' }),
  timeline: z
    .array(TimelineEventAnswer)
    .readonly()
    .nullable()
    .meta({ description: 'of calls that failed or were queued' }),
}).meta({ id: 'CallDetail' });
