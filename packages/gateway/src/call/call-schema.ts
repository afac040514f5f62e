import { z } from 'zod';
import { remedy } from '../openapi/remedy.ts';
import { time } from '../openapi/time.ts';

/** How a call looks to business programs. */
export const CallAnswer = z
  .object({
    id: z.string(),
    state: z.enum(['queued', 'running', 'delayed', 'completed', 'failed', 'cancelled']).meta({
      description: '`completed`: WeChat answered, whatever its errcode',
    }),
    attempts: z.int().meta({ description: 'departures so far' }),
    createdAt: time,
    settledAt: time.nullable(),
    response: z
      .object({
        status: z.int(),
        headers: z.record(z.string(), z.string()).readonly(),
        body: z.unknown().meta({
          description: 'JSON, integers beyond 2^53 as strings; a text; or `{"base64","contentType"}` of a file',
        }),
      })
      .nullable(),
    failure: z
      .object({
        code: z.string(),
        remedy,
        message: z.string(),
        errcode: z.int().nullable(),
        rid: z.string().nullable(),
      })
      .nullable(),
    quota: z
      .object({
        used: z.int(),
        limit: z.int().nullable(),
        remaining: z.int().nullable(),
        closedUntil: time.nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Call' });
