import { AnswerNotKeptError, CallFailedError, OutcomeUnknownError, WeChatError } from './errors.ts';
import type { Call } from './generated/api.ts';

/** WeChat's answer to a settled call. Throws WeChatError, CallFailedError, OutcomeUnknownError, AnswerNotKeptError. */
export function settledAnswer(call: Call): unknown {
  if (call.responseKept === false) throw new AnswerNotKeptError(call);
  if (call.state !== 'completed' || call.response === null) {
    throw call.failure?.code === 'outcome_unknown' ? new OutcomeUnknownError(call) : new CallFailedError(call);
  }
  const { status, body } = call.response;
  const { errcode, errmsg } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  // Some APIs return 0 as a string.
  const number = typeof errcode === 'string' && /^-?\d+$/.test(errcode) ? Number(errcode) : errcode;
  if (typeof number === 'number' && number !== 0) throw new WeChatError(call, number, String(errmsg ?? ''));
  if (status >= 400) throw new WeChatError(call, -1, `HTTP status ${status}`);
  return body;
}
