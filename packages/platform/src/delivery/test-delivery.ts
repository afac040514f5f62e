import { Failure } from '@wxthirdparty/wechat';
import type { OpenedPush } from '../journal/opened-push.ts';
import { repliesTo } from '../journal/push-types.ts';
import type { Reply } from '../reply/reply.ts';
import { replyLimitsOf } from '../reply/reply-limits.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { OutboundResult } from '../webhook/outbound-request.ts';
import { readAttempt } from './attempt.ts';
import type { DeliveryCode } from './delivery.ts';
import { composeEcho, isEchoed } from './format/echo.ts';
import type { ComposedRequest } from './format/outgoing.ts';
import { MAX_ANSWER_BYTES, readAnswer } from './format/read-answer.ts';
import { composeTicket } from './format/ticket.ts';
import { envelopeKeyOf } from './format/wechat-post.ts';
import { type SendingParts, sendAttempt } from './send-attempt.ts';

const MAX_ECHO_BYTES = 1_024;
const TICKET = 'component_verify_ticket';

/** What is sent: a push, or a ticket of format `wechat-component`. */
export type TestContent = { readonly push: OpenedPush } | { readonly ticket: true };

export interface TestResult {
  readonly request: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string };
  /** Null: there was no answer. */
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly ms: number;
  } | null;
  /** Of the GET by which WeChat checks an ordinary account's URL; null in format `json`, or without an answer. */
  readonly echo: { readonly status: number; readonly ms: number } | null;
  /** How the answer would be read. */
  readonly reply: Reply | null;
  readonly problem: TestProblem | null;
}

interface TestProblem {
  readonly code: string;
  readonly detail: string;
}

/**
 * One attempt by the code that sends deliveries. Nothing is stored, and no reply is sent to a user. Throws Failure `not_in_format`
 * if the content cannot be sent in the subscription's format.
 */
export async function sendTest(
  parts: SendingParts,
  subscription: Subscription,
  content: TestContent,
  signal: AbortSignal,
): Promise<TestResult> {
  const at = new Date();
  const type = 'push' in content ? content.push.type : TICKET;
  const appid = 'push' in content ? content.push.appid : null;
  const echo =
    subscription.format === 'json' ? undefined : await sendEcho(parts, subscription, { type, appid, at }, signal);
  const { request, result } = await send(parts, subscription, content, signal);
  const outcome = readAttempt(result, { format: subscription.format, type, now: at });
  const answered = result.kind === 'answered' ? result : undefined;
  const mayReply = outcome.kind === 'delivered' && subscription.reply !== null && repliesTo(type).length > 0;
  const read = answered && mayReply ? readReply(subscription, type, answered) : undefined;
  return {
    request: { url: request.url, headers: request.headers, body: request.body.toString() },
    response: answered
      ? { status: answered.status, headers: answered.headers, body: answered.body.toString('utf8'), ms: answered.ms }
      : null,
    echo: echo?.answer ?? null,
    reply: read?.kind === 'reply' ? read.reply : null,
    problem:
      (outcome.kind === 'failed' ? { code: outcome.code, detail: DETAILS[outcome.code] } : undefined) ??
      echo?.problem ??
      (read?.kind === 'invalid' ? { code: read.reason, detail: read.detail } : null),
  };
}

async function send(
  parts: SendingParts,
  subscription: Subscription,
  content: TestContent,
  signal: AbortSignal,
): Promise<{ readonly request: ComposedRequest; readonly result: OutboundResult }> {
  const at = new Date();
  const { timeoutMs, component, reply } = subscription;
  if ('ticket' in content) {
    if (component === null) throw notInFormat();
    const request = composeTicket({ ...subscription, component }, { at, isTest: true });
    const limits = { timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES, signal };
    return { request, result: await parts.sender.send({ ...request, ...limits }) };
  }
  const isAsked = reply !== null && repliesTo(content.push.type).length > 0;
  const replyBefore = isAsked ? new Date(at.getTime() + reply.waitMs) : undefined;
  const terms = { number: 1, at, replyBefore, isTest: true };
  const sent = await sendAttempt(parts, subscription, content.push, terms, {
    maxAnswerBytes: MAX_ANSWER_BYTES,
    signal,
  });
  if ('notSent' in sent) throw sent.notSent;
  return sent;
}

interface Echo {
  readonly answer: TestResult['echo'];
  readonly problem: TestProblem | undefined;
}

/** What only ordinary accounts do (protocol §1.6), but programs for WeChat answer it. */
async function sendEcho(
  { sender }: SendingParts,
  subscription: Subscription,
  { type, appid, at }: { readonly type: string; readonly appid: string | null; readonly at: Date },
  signal: AbortSignal,
): Promise<Echo> {
  const echo = composeEcho(subscription, type, appid, at);
  const { timeoutMs } = subscription;
  const headers = { 'user-agent': 'wxthirdparty', 'wx-test': 'true' };
  const options = { method: 'GET', headers, timeoutMs, maxAnswerBytes: MAX_ECHO_BYTES, signal } as const;
  const result = await sender.send({ url: echo.url, ...options });
  if (result.kind !== 'answered') return { answer: null, problem: echoFailed('It was not answered.') };
  const answer = { status: result.status, ms: result.ms };
  return isEchoed(echo, result.status, result.body)
    ? { answer, problem: undefined }
    : { answer, problem: echoFailed('The answer is not echostr alone.') };
}

function echoFailed(why: string): TestProblem {
  return {
    code: 'echo_failed',
    detail: `WeChat checks an account’s URL by a GET with echostr. ${why} Is the token of the program the subscription’s?`,
  };
}

function readReply(
  { secrets: { wechat } }: Subscription,
  type: string,
  answered: Extract<OutboundResult, { kind: 'answered' }>,
) {
  return readAnswer(answered, wechat ? envelopeKeyOf(wechat) : undefined, replyLimitsOf(type, repliesTo(type)));
}

function notInFormat(): Failure {
  return new Failure('not_in_format', 'fix-request', 'Only the format wechat-component has tickets.');
}

const DETAILS: Readonly<Record<Exclude<DeliveryCode, 'not_handled' | 'gave_up' | 'not_openable'>, string>> = {
  no_connection: 'There was no connection within 3 s, or it broke before the answer was complete.',
  bad_certificate: 'The certificate was not accepted.',
  timeout: 'There was no complete answer within timeoutMs.',
  address_not_allowed: 'Requests to this address are not allowed; see DELIVERY_NETS.',
  address_unresolved: 'The name has no address.',
  redirect: 'The answer is a redirect, which is not followed.',
  status: 'The status is not 2xx.',
  gone: 'The endpoint answered 410; a delivery would pause the subscription.',
};
