import { z } from 'zod';
import { Explanation } from '../contract/explanation.ts';
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

/** A call in a list. */
export const CallSummaryAnswer = z
  .object({
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
  })
  .meta({ id: 'CallSummary' });

/** A call as business programs receive it. */
export const CallAnswer = CallSummaryAnswer.extend({
  response: z
    .object({
      status: z.int(),
      headers: z.record(z.string(), z.string()).readonly(),
      body: z.unknown().meta({
        description: 'JSON, with integers beyond 2^53 as strings; a text; or `{"base64","contentType"}` of a file',
      }),
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
