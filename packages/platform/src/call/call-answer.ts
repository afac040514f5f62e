import { isUtf8 } from 'node:buffer';
import { type Explanation, explain, explainFailure, maskRefreshTokens, parseWeChatJson } from '@wxthirdparty/wechat';
import type { Call, CallFailure, CallResponse, CallSummary } from './call.ts';

/** How a call looks to business programs, whether they ask for it or are told of it. */
export function callAnswer(call: Call) {
  const { failure, ...summary } = callSummaryAnswer(call);
  const response =
    call.response === null
      ? null
      : {
          status: call.response.status,
          headers: readableHeaders(call.response.headers),
          body: bodyOf(call.path, call.response),
        };
  return {
    ...summary,
    response,
    ...(isWithoutItsAnswer(call) ? { responseKept: false as const } : {}),
    explanation: explanationOf(response?.body),
    failure,
    quota: call.quota,
  };
}

/** WeChat answered, and of the account's answers this one is no longer kept. */
function isWithoutItsAnswer({ state, response }: Call): boolean {
  return state === 'completed' && response === null;
}

/** Of the errcode with which WeChat refused; null where it did not. */
function explanationOf(body: unknown): Explanation | null {
  const errcode = typeof body === 'object' && body !== null && 'errcode' in body ? body.errcode : 0;
  // Some APIs say it as a text.
  const number = typeof errcode === 'string' && /^-?\d{1,15}$/.test(errcode) ? Number(errcode) : errcode;
  return typeof number === 'number' && number !== 0 ? explain(number).explanation : null;
}

/** How it looks in a list. */
export function callSummaryAnswer(call: CallSummary) {
  return {
    id: call.id,
    component: call.component,
    appid: call.appid,
    method: call.method,
    path: call.path,
    state: call.state,
    attempts: call.attempts,
    createdAt: call.createdAt,
    notBeforeAt: call.notBeforeAt,
    deadlineAt: call.deadlineAt,
    settledAt: call.settledAt,
    failure: call.failure === null ? null : failureAnswer(call.failure),
  };
}

function failureAnswer({ code, remedy, message, errcode, rid }: CallFailure) {
  const explanation = explainFailure(code, remedy, errcode);
  return { code, remedy, message, errcode: errcode ?? null, rid: rid ?? null, explanation };
}

/** A call whose record cannot be read just now. It is no refusal: who repeated it would have it sent twice. */
export function acceptedAnswer(id: string, acceptedAt: Date) {
  return {
    ...{ id, state: 'queued' as const, attempts: 0, createdAt: acceptedAt, settledAt: null, notBeforeAt: null },
    ...{ response: null, explanation: null, failure: null, quota: null },
  };
}

/** Names of files come as UTF-8, which HTTP clients read letter by byte. */
export function readableHeaders(headers: CallResponse['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const bytes = Buffer.from(value, 'latin1');
      return [name, !/[^\x00-\xff]/.test(value) && isUtf8(bytes) ? bytes.toString('utf8') : value];
    }),
  );
}

/** WeChat's content types are unreliable (protocol §9): what parses as JSON is JSON. */
function bodyOf(path: string, { headers, body }: CallResponse): unknown {
  const contentType = headers['content-type'] ?? '';
  if (looksLikeJson(body)) {
    try {
      const value = parseWeChatJson(body.toString('utf8'));
      // A merchant's refresh token is the lasting consent and never leaves the platform; what a person's login answers is
      // the business's to keep.
      return path.toLowerCase().startsWith('/sns/') ? value : maskRefreshTokens(value);
    } catch {
      // A text or a file that only begins like JSON.
    }
  }
  if (/^text\/|json|xml/i.test(contentType) || (contentType === '' && isUtf8(body))) return body.toString('utf8');
  return { base64: body.toString('base64'), contentType: contentType || 'application/octet-stream' };
}

function looksLikeJson(body: Buffer): boolean {
  return /^(?:\uFEFF)?\s*[[{]/.test(body.subarray(0, 64).toString('utf8'));
}
