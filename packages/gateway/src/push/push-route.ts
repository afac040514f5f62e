import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AcceptedPush, withDeadline } from '@wxthirdparty/platform';
import { EnvelopeFailure, Failure, readEnvelopeQuery } from '@wxthirdparty/wechat';
import type { Logger } from 'pino';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { describeError } from '../http/describe-error.ts';
import { hasUnreadBody } from '../http/end-unread.ts';
import { publishAnswer } from '../http/publish-answer.ts';
import { readBody } from '../http/read-body.ts';
import { since } from '../http/since.ts';
import { type PushUrl, readPushUrl } from './push-url.ts';
import { RefusalLog } from './refusal-log.ts';

const BODY_LIMIT = 1024 * 1024;
/** WeChat closes the connection after five seconds (protocol §1.3). */
export const BODY_TIMEOUT_MS = 4_000;
export const ANSWER_TIMEOUT_MS = 4_700;

export type PushRoute = (request: IncomingMessage, response: ServerResponse, path: string, search: string) => void;

/**
 * The push URLs. They are served before Express, which costs more than verifying and enqueuing together, and before every
 * body parser, since signatures are over raw bytes.
 */
export function pushRoute(platform: GatewayPlatform, log: Logger): PushRoute {
  const refusals = new RefusalLog();
  // One outage refuses every push.
  const outages = new RefusalLog({ lines: 1 });
  const unreadables = new RefusalLog();

  return (request, response, path, search) => {
    const startedAt = performance.now();
    const push = readPushUrl(path);
    publishAnswer(platform.events, request, response, routeOf(push));
    if (push === undefined) return answer(request, response, 404, 'there is no such URL');

    const refuse = (status: number, reason: string): void => {
      answer(request, response, status, reason);
      const line = refusals.next();
      if (line === undefined) return;
      const from = request.socket.remoteAddress;
      log.warn({ ...push, from, status, reason, ...line, durationMs: since(startedAt) }, 'push refused');
    };
    const fail = (error: unknown): void => {
      const [status, reason] = verdictOf(error);
      if (status !== 503) {
        refuse(status, reason);
        return;
      }
      // WeChat redelivers a push that is answered with 503.
      response.setHeader('retry-after', 1);
      answer(request, response, status, reason);
      const line = outages.next();
      if (line === undefined) return;
      const durationMs = since(startedAt);
      log.error({ ...push, status, ...line, durationMs, error: describeError(error) }, 'push not accepted');
    };

    if (request.method === 'GET') {
      try {
        const echo = platform.pushes.echo(push.component, queryOf(search));
        if (echo === undefined) return refuse(403, 'the signature does not match');
        answer(request, response, 200, echo);
        log.info({ ...push, durationMs: since(startedAt) }, 'push URL verified');
      } catch (error) {
        fail(error);
      }
      return;
    }
    if (request.method !== 'POST') {
      response.setHeader('allow', 'GET, POST');
      return refuse(405, 'only GET and POST');
    }
    accept(platform, push, request, search, startedAt).then(async (accepted) => {
      const { outcome } = accepted;
      const reply = 'reply' in accepted ? await inTime(accepted.reply, startedAt) : undefined;
      if (outcome === 'checked') answer(request, response, 200, accepted.answer.body, accepted.answer.contentType);
      else if (reply !== undefined) answer(request, response, 200, reply, 'text/xml');
      else answer(request, response, 200, 'success');
      if (outcome !== 'unreadable') {
        const replied = reply === undefined ? {} : { replied: true };
        log.info({ ...push, outcome, ...replied, durationMs: since(startedAt) }, 'push accepted');
        return;
      }
      // Any user of an account can cause this line, so it is rate-limited and contains nothing of the push.
      const line = unreadables.next();
      if (line === undefined) return;
      log.warn({ ...push, reason: accepted.reason, ...line, durationMs: since(startedAt) }, 'push unreadable');
    }, fail);
  };
}

function routeOf(push: PushUrl | undefined): string {
  if (push === undefined) return 'none';
  return push.url === 'events' ? '/wechat/:component/events' : '/wechat/:component/messages/:appid';
}

async function accept(
  platform: GatewayPlatform,
  push: PushUrl,
  request: IncomingMessage,
  search: string,
  startedAt: number,
): Promise<AcceptedPush> {
  const query = queryOf(search);
  if (!platform.components.includes(push.component)) {
    throw new Failure('unknown_component', 'fix-request', 'unknown component');
  }
  // Before the body, so that an unauthenticated sender cannot make us read one without a plausible signature.
  readEnvelopeQuery(query);
  const body = await readBody(request, { limit: BODY_LIMIT, timeoutMs: BODY_TIMEOUT_MS, sender: 'stranger' });
  const remainingMs = Math.max(0, ANSWER_TIMEOUT_MS - since(startedAt));
  // If it is stored nevertheless, the redelivery is recognized as the same push.
  const late = () => new Failure('push_not_kept', 'retry', 'the push could not be stored in time');
  return withDeadline(platform.pushes.accept({ ...push, query, body, startedAt }), remainingMs, late);
}

/** The reply, if it comes before WeChat closes the connection. */
async function inTime(reply: Promise<string | undefined> | undefined, startedAt: number): Promise<string | undefined> {
  if (reply === undefined) return undefined;
  const late = () => new Failure('reply_late', 'retry', 'the reply came too late');
  return withDeadline(reply, Math.max(0, ANSWER_TIMEOUT_MS - since(startedAt)), late).catch(() => undefined);
}

/** 403: not signed by WeChat. 400, 404, 408, 413: not a push for us. 503: WeChat must redeliver it. */
function verdictOf(error: unknown): [status: number, reason: string] {
  if (error instanceof EnvelopeFailure) return [error.wechatCode === -40001 ? 403 : 400, error.message];
  if (error instanceof Failure) {
    if (error.code === 'unknown_component') return [404, 'unknown component'];
    if (error.code === 'too_large') return [413, 'too large'];
    if (error.code === 'slow_body') return [408, 'the body did not arrive in time'];
    if (error.code === 'caller_gone') return [400, 'the sender hung up'];
    if (error.remedy === 'fix-request') return [400, error.message];
  }
  return [503, 'the push could not be stored'];
}

/** A repeated parameter stays an array, which no verification accepts. */
function queryOf(search: string): Record<string, unknown> {
  const query: Record<string, unknown> = Object.create(null);
  const parameters = new URLSearchParams(search);
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    query[name] = values.length === 1 ? values[0] : values;
  }
  return query;
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  contentType = 'text/plain',
): void {
  const body = Buffer.from(text);
  response.statusCode = status;
  response.setHeader('content-type', `${contentType}; charset=utf-8`);
  response.setHeader('content-length', body.length);
  // WeChat's bodies are small and arrive whole. The rest of another sender's body is not read.
  if (hasUnreadBody(request)) response.setHeader('connection', 'close');
  response.end(body);
}
