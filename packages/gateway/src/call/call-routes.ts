import { type Call, demandPath } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { type Request, type Response, Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { Leaving } from '../http/leaving.ts';
import { readBody } from '../http/read-body.ts';
import { callerOf } from '../key/caller.ts';
import { ComponentQuery, ofOneComponent, oneAccount } from '../one-component.ts';
import type { Operations } from '../openapi/operation.ts';
import { acceptedAnswer, callAnswer } from './call-answer.ts';
import { CallBody, readCallBody } from './call-body.ts';
import { CallAnswer } from './call-schema.ts';
import { settled } from './settled.ts';

const BODY_LIMIT = 20 * 1024 * 1024;
const BODY_WITHIN_MS = 60_000;
/** Somebody waits: what has not left after ten minutes is not wanted any more. */
const INTERACTIVE_DEPARTURE_MS = 10 * 60_000;
const BACKGROUND_DEPARTURE_MS = 24 * 3600_000;

export const callOperations: Operations = {
  'POST /v1/authorizers/:appid/calls': {
    id: 'call',
    tag: 'Calls',
    summary: 'Calls WeChat on behalf of an account',
    description:
      'Waits at most `waitMs` for WeChat’s answer. What may have been sent is never sent twice; where nobody can know, ' +
      'the call fails as `outcome_unknown`.',
    query: ComponentQuery,
    body: CallBody,
    example: {
      method: 'POST',
      path: '/cgi-bin/message/custom/send',
      body: { touser: 'OPENID', msgtype: 'text', text: { content: '你好' } },
    },
    answers: { 200: CallAnswer, 202: CallAnswer },
    problems: [...oneAccount, 'reauthorize', 'quota_closed', 'overloaded'],
  },
  'POST /v1/components/:appid/calls': {
    id: 'callAsComponent',
    tag: 'Calls',
    summary: 'Calls one of WeChat’s component APIs',
    body: CallBody,
    example: { method: 'POST', path: '/cgi-bin/component/api_get_authorizer_list', body: { offset: 0, count: 100 } },
    answers: { 200: CallAnswer, 202: CallAnswer },
    problems: ['unknown_component', 'not_ready', 'quota_closed', 'overloaded'],
  },
  'GET /v1/calls/:id': {
    id: 'getCall',
    tag: 'Calls',
    summary: 'A call and, once it is settled, WeChat’s answer',
    answers: { 200: CallAnswer },
    problems: ['unknown_call'],
  },
};

export function callRoutes(platform: GatewayPlatform, leaving: Leaving): Router {
  const routes = Router();

  const call = async (
    request: Request,
    response: Response,
    whose: { appid: string; component?: string | undefined },
  ) => {
    const type = request.headers['content-type'];
    if (type === undefined || !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
      throw new Failure('unsupported_content', 'fix-request', 'send Content-Type: application/json');
    }
    if (!/^(?:identity)?$/i.test(request.headers['content-encoding'] ?? '')) {
      throw new Failure('unsupported_content', 'fix-request', 'send the body without Content-Encoding');
    }
    const { waitMs, ...asked } = readCallBody(await readBody(request, { limit: BODY_LIMIT, withinMs: BODY_WITHIN_MS }));
    demandPath(callerOf(response).rights, asked.path);
    const { id } = await platform.calls.submit({
      ...asked,
      ...whose,
      waitMs,
      departWithinMs: waitMs > 0 ? INTERACTIVE_DEPARTURE_MS : BACKGROUND_DEPARTURE_MS,
    });
    response.locals.call = id;

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
  };

  routes.post('/v1/authorizers/:appid/calls', (request, response) =>
    call(request, response, { appid: request.params.appid, component: ofOneComponent(request.query) }),
  );
  routes.post('/v1/components/:appid/calls', (request, response) =>
    call(request, response, { appid: request.params.appid, component: request.params.appid }),
  );

  routes.get('/v1/calls/:id', async (request, response) => {
    const found = await platform.calls.find(request.params.id);
    if (found === undefined) throw new Failure('unknown_call', 'fix-request', 'no such call, or its answer is gone');
    demandPath(callerOf(response).rights, found.path);
    // Not before: the log must not repeat whatever a caller puts in the place of an id.
    response.locals.call = found.id;
    response.json(callAnswer(found));
  });

  return routes;
}
