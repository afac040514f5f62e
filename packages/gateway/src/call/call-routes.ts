import { acceptedAnswer, type Call, callAnswer, callSummaryAnswer, demandPath } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { Leaving } from '../http/leaving.ts';
import { readQuery } from '../http/read-query.ts';
import { requestIdOf } from '../http/request-id.ts';
import { callerOf } from '../key/caller.ts';
import { ofOneComponent } from '../one-component.ts';
import { problemOf } from '../problem.ts';
import { readBatchBody, readCallBody } from './call-body.ts';
import { readJsonBody } from './read-json-body.ts';
import { settled } from './settled.ts';

/** Somebody waits: what has not left after ten minutes is not wanted any more. */
const INTERACTIVE_DEPARTURE_MS = 10 * 60_000;
const BACKGROUND_DEPARTURE_MS = 24 * 3600_000;

/**
 * What `GET /v1/calls` takes.
 * @public the API's description is made from it
 */
export const CallListQuery = z.object({
  appid: z.string({ error: 'name the account whose calls to list' }).min(1),
  component: z.string().optional(),
  state: z.enum(['queued', 'running', 'delayed', 'completed', 'failed', 'cancelled']).optional(),
  path: z.string().optional(),
  since: z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone' })
    .transform((text) => new Date(text))
    .optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});

export function callRoutes(platform: GatewayPlatform, leaving: Leaving): Router {
  const routes = Router();

  const call = async (
    request: Request,
    response: Response,
    whose: { appid: string; component?: string | undefined },
  ) => {
    const { waitMs, ...asked } = readCallBody(await readJsonBody(request));
    demandPath(callerOf(response).rights, asked.path);
    const { id } = await platform.calls.submit({
      ...asked,
      ...whose,
      idempotencyKey: idempotencyKeyOf(request),
      waitMs,
      departWithinMs: waitMs > 0 ? INTERACTIVE_DEPARTURE_MS : BACKGROUND_DEPARTURE_MS,
    });
    response.locals.call = id;
    await answerWhenSettled(platform, leaving, response, id, waitMs);
  };

  routes.post('/v1/authorizers/:appid/calls', (request, response) =>
    call(request, response, { appid: request.params.appid, component: ofOneComponent(request.query) }),
  );
  routes.post('/v1/components/:appid/calls', (request, response) =>
    call(request, response, { appid: request.params.appid, component: request.params.appid }),
  );

  routes.post('/v1/calls/batch', async (request, response) => {
    const key = idempotencyKeyOf(request);
    const read = readBatchBody(await readJsonBody(request));
    const requests = read.map((call, i) =>
      call instanceof Failure
        ? call
        : {
            ...call,
            departWithinMs: BACKGROUND_DEPARTURE_MS,
            idempotencyKey: key === undefined ? undefined : `${key} ${i}`,
          },
    );
    const submitted = await platform.calls.submitAll(requests.flatMap((one) => (one instanceof Failure ? [] : [one])));
    const answers = submitted.values();
    response.status(202).json({
      items: requests.map((one) => {
        const result = one instanceof Failure ? one : answers.next().value!;
        return result instanceof Failure ? { problem: problemOf(result, requestIdOf(response)) } : { id: result.id };
      }),
    });
  });

  routes.get('/v1/calls', async (request, response) => {
    const { items, next } = await platform.callList.page(readQuery(CallListQuery, request.query));
    response.json({ items: items.map(callSummaryAnswer), next });
  });

  routes.get('/v1/calls/:id', async (request, response) => {
    response.json(callAnswer(await find(platform, request.params.id, response)));
  });

  routes.delete('/v1/calls/:id', async (request, response) => {
    // Before anything is done to it: the key must be for the path that the call is of.
    await find(platform, request.params.id, response);
    const cancelled = await platform.calls.cancel(request.params.id);
    const found = await find(platform, request.params.id, response);
    if (!cancelled && found.state !== 'cancelled') {
      throw new Failure('already_departed', 'fix-request', `the call has departed: it is ${found.state}`);
    }
    response.json(callAnswer(found));
  });

  return routes;
}

async function find(platform: GatewayPlatform, id: string, response: Response): Promise<Call> {
  const found = await platform.calls.find(id);
  if (found === undefined) throw new Failure('unknown_call', 'fix-request', 'no such call, or its answer is gone');
  demandPath(callerOf(response).rights, found.path);
  // Not before: the log must not repeat whatever a caller puts in the place of an id.
  response.locals.call = found.id;
  return found;
}

function idempotencyKeyOf(request: Request): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined || (typeof key === 'string' && /^[\x21-\x7e]{1,200}$/.test(key))) return key;
  throw new Failure('invalid_request', 'fix-request', 'Idempotency-Key: 1 to 200 visible ASCII characters');
}

async function answerWhenSettled(
  platform: GatewayPlatform,
  leaving: Leaving,
  response: Response,
  id: string,
  waitMs: number,
): Promise<void> {
  // A caller that hangs up ends only the waiting: the call has an id, and can be asked for.
  const waiting = new AbortController();
  const stop = leaving.endWaits.listen(() => waiting.abort());
  response.once('close', () => waiting.abort());
  const acceptedAt = new Date();
  let found: Call | 'unseen' | undefined;
  try {
    found = (await settled(platform, id, waitMs, waiting.signal)) ?? (await platform.calls.find(id));
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'redis_unreachable') throw error;
    found = 'unseen';
  } finally {
    stop();
  }
  if (found === undefined)
    throw new Failure('call_lost', 'operator', 'the call’s record vanished; it may have been sent');
  if (found === 'unseen' || found.settledAt === null) {
    response.status(202).location(`/v1/calls/${encodeURIComponent(id)}`);
  }
  response.json(found === 'unseen' ? acceptedAnswer(id, acceptedAt) : callAnswer(found));
}
