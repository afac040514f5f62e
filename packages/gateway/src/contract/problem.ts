import type { ServerResponse } from 'node:http';
import {
  AddressNotAllowedFailure,
  ForbiddenFailure,
  type MissingRight,
  NotReadyFailure,
  QuotaClosedFailure,
  ReplyNotPossibleFailure,
} from '@wxthirdparty/platform';
import { type Explanation, explain, Failure, type Remedy } from '@wxthirdparty/wechat';
import { endUnread } from '../http/end-unread.ts';

/** RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy: Remedy;
  /** In seconds; the same as the header. */
  readonly retryAfter?: number;
  readonly errcode?: number;
  readonly rid?: string;
  /** The explanation of the errcode. */
  readonly explanation?: Explanation;
  readonly reasons?: readonly string[];
  readonly closedUntil?: string;
  /** Why the user of a push cannot be answered. */
  readonly reason?: string;
  /** What the key lacks. */
  readonly missing?: MissingRight;
  /** What requests to the business may not reach, and the setting that could permit it. */
  readonly address?: string;
  readonly setting?: string;
  /** Where the merchant can consent again. */
  readonly authorizationUrl?: string;
}

/** Codes with a status and a title of their own; all others have those of their remedy. */
const known = {
  invalid_request: [400, 'The request is not valid'],
  address_not_allowed: [400, 'The address is not allowed'],
  address_unresolved: [400, 'The name has no address'],
  unauthorized: [401, 'The API key is missing or wrong'],
  forbidden: [403, 'The key does not permit this'],
  not_found: [404, 'Not found'],
  unknown_component: [404, 'This gateway does not serve this component'],
  unknown_authorizer: [404, 'No such account has authorized the component'],
  unknown_call: [404, 'No such call'],
  unknown_key: [404, 'No such key'],
  unknown_link: [404, 'No such authorization link'],
  unknown_reconciliation: [404, 'No such reconciliation'],
  unknown_follower_sync: [404, 'No such follower sync'],
  unknown_push: [404, 'No such push'],
  unknown_subscription: [404, 'No such subscription'],
  unknown_delivery: [404, 'No such delivery'],
  unknown_replay: [404, 'No such replay'],
  unknown_alarm_channel: [404, 'No such alarm channel'],
  unknown_release_check: [404, 'No such release check'],
  method_not_allowed: [405, 'Method not allowed'],
  slow_body: [408, 'The body took too long to arrive'],
  reauthorize: [409, 'The account must authorize again'],
  idempotency_conflict: [409, 'The idempotency key belongs to another call'],
  already_departed: [409, 'The call has departed'],
  follower_sync_over: [409, 'The follower sync has ended'],
  rehearsal_running: [409, 'A rehearsal of this component is running'],
  reply_not_possible: [409, 'The user cannot be answered any more, or not in this way'],
  replay_over: [409, 'The replay has ended'],
  ambiguous_component: [409, 'The account exists under several components'],
  handle_taken: [409, 'Another account of the component has this handle'],
  too_many_subscriptions: [409, 'There are too many subscriptions'],
  too_large: [413, 'The request is too large'],
  unsupported_content: [415, 'The body must be JSON'],
  rate_limited: [429, 'The rate of this key is exceeded'],
  too_many_guesses: [429, 'Too many wrong keys came from this address'],
  quota_closed: [429, 'The quota of this API is used up'],
  account_busy: [429, 'Too many calls of this account are waiting'],
  internal: [500, 'Internal error'],
  not_ready: [503, 'The component is not ready'],
  unavailable: [503, 'Redis or the database is unavailable'],
  overloaded: [503, 'Overloaded'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

/** The codes that the API's description may name. */
export type ProblemCode = keyof typeof known;

export function statusOf(code: ProblemCode): number {
  return known[code][0];
}

const byRemedy: Readonly<Record<Remedy, readonly [status: number, title: string]>> = {
  retry: [503, 'Temporarily unavailable'],
  'slow-down': [429, 'Too many requests'],
  'refresh-token': [503, 'Temporarily unavailable'],
  reauthorize: [409, 'The account must authorize again'],
  'fix-request': [400, 'The request is not valid'],
  operator: [503, 'An operator must act'],
};

/** Of a 503 whose failure names no time. */
const DEFAULT_RETRY_AFTER_S = 5;

/**
 * The only place where failures become HTTP answers. Of any other error the answer contains only the incident id.
 * `authorizationUrl`: where the merchant can consent again, if that is the remedy.
 */
export function problemOf(error: unknown, incident: string, authorizationUrl?: string): Problem {
  if (!(error instanceof Failure)) {
    return {
      type: 'urn:wxthirdparty:problem:internal',
      title: known.internal[1],
      status: 500,
      detail: `See the gateway's log for ${incident}.`,
      code: 'internal',
      remedy: 'operator',
    };
  }
  const [status, title] = isKnown(error.code) ? known[error.code] : byRemedy[error.remedy];
  const closedUntil = error instanceof QuotaClosedFailure ? error.closedUntil : undefined;
  const retryAfter = retryAfterOf(error, status, closedUntil);
  return {
    type: `urn:wxthirdparty:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(error.errcode === undefined ? {} : { errcode: error.errcode, explanation: explain(error.errcode).explanation }),
    ...(error.rid === undefined ? {} : { rid: error.rid }),
    ...(error instanceof NotReadyFailure ? { reasons: error.reasons } : {}),
    ...(error instanceof ForbiddenFailure ? { missing: error.missing } : {}),
    ...(error instanceof ReplyNotPossibleFailure ? { reason: error.reason } : {}),
    ...(error instanceof AddressNotAllowedFailure ? { address: error.address, setting: error.setting } : {}),
    ...(closedUntil === undefined ? {} : { closedUntil: closedUntil.toISOString() }),
    ...(authorizationUrl === undefined ? {} : { authorizationUrl }),
  };
}

function isKnown(code: string): code is ProblemCode {
  return Object.hasOwn(known, code);
}

function retryAfterOf(failure: Failure, status: number, closedUntil: Date | undefined): number | undefined {
  if (failure.retryAfterMs !== undefined) return Math.max(1, Math.ceil(failure.retryAfterMs / 1000));
  if (closedUntil !== undefined) return Math.max(1, Math.ceil((closedUntil.getTime() - Date.now()) / 1000));
  return status === 503 ? DEFAULT_RETRY_AFTER_S : undefined;
}

export function sendProblem(response: ServerResponse, problem: Problem): void {
  const body = Buffer.from(JSON.stringify(problem));
  response.statusCode = problem.status;
  response.setHeader('content-type', 'application/problem+json');
  response.setHeader('content-length', body.length);
  if (problem.retryAfter !== undefined) response.setHeader('retry-after', problem.retryAfter);
  if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer realm="wxthirdparty"');
  endUnread(response.req, response);
  response.end(body);
}
