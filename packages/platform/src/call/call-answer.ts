import { isUtf8 } from 'node:buffer';
import { type Explanation, explain, explainFailure, maskRefreshTokens, parseWeChatJson } from '@wxthirdparty/wechat';
import type { Call, CallFailure, CallResponse, CallSummary } from './call.ts';
import type { CallDetail } from './calls.ts';

/** A call as business programs receive it, in answers and callbacks. */
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
    ...(hasLostResponse(call) ? { responseKept: false as const } : {}),
    explanation: response === null ? explanationOfErrcode(call.answered?.errcode) : explanationOf(response.body),
    failure,
    quota: call.quota,
  };
}

/** WeChat's page of its errcodes (protocol §13). */
const ERRCODES_PAGE = 'https://developers.weixin.qq.com/doc/oplatform/Return_codes/Return_code_descriptions_new.html';

/** Names of what the record of a call has the ids of, if they are known. */
export interface RequestNames {
  readonly key: { id: string; name: string | null } | null;
  /** Of the account, as the next. */
  readonly handle: string | null;
  readonly nickName: string | null;
}

/** What `GET /v1/calls/:id` answers: also how the call came to its outcome. */
export function callDetailAnswer(
  { call, timeline }: Pick<CallDetail, 'call' | 'timeline'>,
  { key, handle, nickName }: RequestNames,
) {
  const { explanation, ...answer } = callAnswer(call);
  const failure = explanation ?? answer.failure?.explanation ?? null;
  const errcode = call.answered?.errcode ?? call.failure?.errcode ?? null;
  return {
    ...answer,
    explanation: failure && { ...failure, link: linkOf(errcode) },
    handle,
    nickName,
    key,
    rid: call.answered?.rid ?? call.failure?.rid ?? null,
    timeline,
  };
}

/** Numbers of this project are on no page of WeChat's. */
function linkOf(errcode: number | null): string | null {
  return errcode === null || errcode === 0 || explain(errcode).class === 'own' ? null : ERRCODES_PAGE;
}

/** WeChat answered, and the stored answer was dropped for newer ones of the account. */
function hasLostResponse({ state, response }: Call): boolean {
  return state === 'completed' && response === null;
}

/** Of the errcode with which WeChat refused; null if it did not refuse. */
function explanationOf(body: unknown): Explanation | null {
  const errcode = typeof body === 'object' && body !== null && 'errcode' in body ? body.errcode : 0;
  // Some APIs send the errcode as a string.
  const number = typeof errcode === 'string' && /^-?\d{1,15}$/.test(errcode) ? Number(errcode) : errcode;
  return explanationOfErrcode(number);
}

function explanationOfErrcode(errcode: unknown): Explanation | null {
  return typeof errcode === 'number' && errcode !== 0 ? explain(errcode).explanation : null;
}

/** The same in a list. */
export function callSummaryAnswer(call: CallSummary) {
  return {
    id: call.id,
    component: call.component,
    appid: call.appid,
    method: call.method,
    path: call.path,
    ...(call.requestBytes === null ? {} : { requestBytes: call.requestBytes }),
    state: call.state,
    attempts: call.attempts,
    createdAt: call.createdAt,
    notBeforeAt: call.notBeforeAt,
    deadlineAt: call.deadlineAt,
    settledAt: call.settledAt,
    answered: call.answered,
    failure: call.failure === null ? null : failureAnswer(call.failure),
  };
}

function failureAnswer({ code, remedy, message, errcode, rid }: CallFailure) {
  const explanation = explainFailure(code, remedy, errcode);
  return { code, remedy, message, errcode: errcode ?? null, rid: rid ?? null, explanation };
}

/** For an accepted call whose record cannot be read at present. An error would make the caller send it twice. */
export function acceptedAnswer(id: string, acceptedAt: Date) {
  return {
    id,
    state: 'queued' as const,
    attempts: 0,
    createdAt: acceptedAt,
    settledAt: null,
    notBeforeAt: null,
    response: null,
    answered: null,
    explanation: null,
    failure: null,
    quota: null,
  };
}

/** WeChat sends file names as UTF-8, which HTTP clients read as one letter per byte. */
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
  if (startsLikeJson(body)) {
    try {
      const value = parseWeChatJson(body.toString('utf8'));
      // A merchant's refresh token is the lasting consent, and callers never receive it. The answer to a user's login belongs to
      // the business.
      return path.toLowerCase().startsWith('/sns/') ? value : maskRefreshTokens(value);
    } catch {
      // A text or a file that only starts like JSON.
    }
  }
  if (/^text\/|json|xml/i.test(contentType) || (contentType === '' && isUtf8(body))) return body.toString('utf8');
  return { base64: body.toString('base64'), contentType: contentType || 'application/octet-stream' };
}

function startsLikeJson(body: Buffer): boolean {
  return /^(?:\uFEFF)?\s*[[{]/.test(body.subarray(0, 64).toString('utf8'));
}
