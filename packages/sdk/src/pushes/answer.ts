import { WebhookError } from '../webhook/webhook-error.ts';
import type { PushHandler } from './handlers.ts';
import { checkReply } from './reply.ts';

/** The HTTP answer to a delivery. */
export interface Answer {
  readonly status: number;
  /** JSON. */
  readonly body: string | undefined;
}

/** The answer for what a handler returned. Throws a TypeError if that is not a reply. */
export function answerOf(result: Awaited<ReturnType<PushHandler>>): Answer {
  if (!result) return { status: 204, body: undefined };
  if (result.type === 'later') return { status: 202, body: undefined };
  return { status: 200, body: JSON.stringify({ reply: checkReply(result) }) };
}

/** The gateway shows the beginning of the answer among the attempts of the delivery; an error of a handler stays here. */
export function answerOfError(error: unknown): Answer {
  if (!(error instanceof WebhookError)) return problem(500, 'handler_failed', 'a handler threw an error');
  return problem(error.status, error.code, error.message);
}

export const NOT_A_POST = problem(405, 'method_not_allowed', 'deliveries are sent by POST');

function problem(status: number, code: string, detail: string): Answer {
  return { status, body: JSON.stringify({ code, detail }) };
}
