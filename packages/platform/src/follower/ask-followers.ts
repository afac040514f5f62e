import { setTimeout as pause } from 'node:timers/promises';
import {
  type Answer,
  ERRCODE,
  endpointOf,
  type Failure,
  isTokenRefusal,
  readAnswer,
  refusal,
  type Transport,
  type WeChatResponse,
} from '@wxthirdparty/wechat';
import { authorizerOwner } from '../authorizer/authorizer-token.ts';
import type { Events } from '../events.ts';
import type { Ledger, Taken } from '../quota/ledger.ts';
import { type Asked as AskedOnce, askWechat, type Unread as UnreadAnswer } from '../request/ask-wechat.ts';
import { backoffMs, isBusy, needsNextToken, triesLeft } from '../request/retry-rules.ts';
import { sendOver } from '../request/send-request.ts';
import type { Tokens } from '../token/tokens.ts';
import type { FollowerAccount } from './follower.ts';
import type { FollowerSyncError } from './follower-sync.ts';

const TOKEN_WAIT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 30_000;
/** Malformed answers to one request until it counts as one that cannot be read. */
const MAX_MALFORMED = 2;

export interface FollowerQuestion {
  /** For messages, such as "listing followers". */
  readonly doing: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface UnreadQuestion extends FollowerQuestion {
  /** An answer that starts with this text has succeeded, and is returned unparsed. */
  readonly unreadIf: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Why a request has no result. */
export type NoAnswer =
  /** WeChat refuses it for good. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** `transientError` is false if it is no error, such as a closed quota. */
  | {
      readonly kind: 'postponed';
      readonly afterMs: number | undefined;
      readonly error: FollowerSyncError;
      readonly transientError: boolean;
    }
  /** The API has answered twice with malformed JSON; to this request it will likely always do so. */
  | { readonly kind: 'unreadable'; readonly error: FollowerSyncError }
  /** The process is shutting down. */
  | { readonly kind: 'aborted' };

/** `askedAt`: when the request departed, by Redis' clock (ms). */
export type Asked = { readonly kind: 'answered'; readonly value: Fields; readonly askedAt: number } | NoAnswer;

export interface Unread {
  readonly kind: 'unread';
  readonly body: Buffer;
  readonly askedAt: number;
}

export interface AskOptions {
  readonly events: Events;
  readonly tokens: Tokens;
  readonly ledger: Ledger;
  readonly transport: Transport;
  readonly apiBase: string;
}

/** One request about followers: takes quota and a token as any call does, and is repeated, since it only reads. */
export async function askFollowers(
  account: FollowerAccount,
  question: FollowerQuestion,
  signal: AbortSignal,
  options: AskOptions,
): Promise<Asked>;
export async function askFollowers(
  account: FollowerAccount,
  question: UnreadQuestion,
  signal: AbortSignal,
  options: AskOptions,
): Promise<Asked | Unread>;
export async function askFollowers(
  account: FollowerAccount,
  question: FollowerQuestion & Partial<UnreadQuestion>,
  signal: AbortSignal,
  options: AskOptions,
): Promise<Asked | Unread> {
  let refusals = 0;
  let malformed = 0;
  for (let tries = 1; ; tries++) {
    const asked = await askOnce(account, question, signal, options);
    if (asked.kind === 'answered' && needsNextToken(asked, refusals)) {
      refusals++;
      tries--;
      continue;
    }
    const read = readAsked(asked, question);
    if (read.kind !== 'try-again') return read;
    if (read.isMalformed && !signal.aborted && ++malformed === MAX_MALFORMED) {
      return { kind: 'unreadable', error: read.error };
    }
    if (triesLeft(tries)) await pause(backoffMs(tries), undefined, { signal }).catch(() => {});
    if (signal.aborted) return { kind: 'aborted' };
    if (!triesLeft(tries)) return postponed(read.error);
  }
}

function askOnce(
  account: FollowerAccount,
  question: FollowerQuestion & Partial<UnreadQuestion>,
  signal: AbortSignal,
  options: AskOptions,
): Promise<AskedOnce<Taken, Answer | UnreadAnswer>> {
  const { method, path, query = {}, body, unreadIf } = question;
  const { component, appid } = account;
  const pair = { component, appid, path };
  const endpoint = endpointOf(method, path);
  const json = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)), contentType: 'application/json' };
  return askWechat(
    {
      pair,
      endpoint,
      signal,
      token: () => options.tokens.get(authorizerOwner(component, appid), TOKEN_WAIT_MS, signal),
      permit: () => options.ledger.take(pair, endpoint),
      send: sendOver(options, {
        component,
        appid,
        method,
        path,
        query: Object.entries(query),
        ...json,
        timeoutMs: ANSWER_TIMEOUT_MS,
        signal,
      }),
      read: (response) => readUnless(response, unreadIf),
    },
    options,
  );
}

/** An answer that starts with `unreadIf` has succeeded. */
function readUnless(response: WeChatResponse, unreadIf: string | undefined): Answer | UnreadAnswer {
  const { status, body } = response;
  const hasSucceeded =
    unreadIf !== undefined && status === 200 && body.toString('latin1', 0, unreadIf.length) === unreadIf;
  return hasSucceeded ? { kind: 'unread', body } : readAnswer(response);
}

/** A transient error, for which the request is repeated. */
interface TryAgain {
  readonly kind: 'try-again';
  readonly error: FollowerSyncError;
  readonly isMalformed?: boolean;
}

function readAsked(
  asked: AskedOnce<Taken, Answer | UnreadAnswer>,
  { doing, path }: FollowerQuestion,
): Asked | Unread | TryAgain {
  switch (asked.kind) {
    case 'aborted':
      return { kind: 'aborted' };
    case 'no-token':
      return refusedOrPostponed(asked.failure);
    case 'not-permitted':
      return quotaClosed(path, asked.decision.closedUntil, asked.decision.inMs);
    case 'unanswered':
      return { kind: 'try-again', error: toSyncError(asked.failure) };
    case 'answered':
      return readAnswered(asked, doing);
    default:
      return asked satisfies never;
  }
}

function readAnswered(
  { answer, evidence, permit }: Extract<AskedOnce<Taken, Answer | UnreadAnswer>, { readonly kind: 'answered' }>,
  doing: string,
): Asked | Unread | TryAgain {
  const askedAt = permit.departedAt;
  if (answer.kind === 'unread') return { ...answer, askedAt };
  if (answer.kind !== 'json') {
    const isMalformed = answer.kind === 'broken' && answer.malformed === true;
    return { kind: 'try-again', error: brokenAnswer(doing), isMalformed };
  }
  const { errcode, value } = answer;
  if (errcode === ERRCODE.ok && isFields(value)) return { kind: 'answered', value, askedAt };
  const failure = refusal(answer, doing);
  const error = toSyncError(failure);
  // Of a closed quota, the next departure reads from the ledger how long to wait.
  const isQuotaClosed = evidence === 'day-used-up' || evidence === 'minute-used-up';
  if (isQuotaClosed || isBusy(errcode)) return { kind: 'try-again', error };
  return isTokenRefusal(errcode) ? postponed(error) : refusedOrPostponed(failure);
}

function refusedOrPostponed(failure: Failure): NoAnswer {
  return failure.remedy === 'reauthorize' || failure.remedy === 'fix-request'
    ? { kind: 'refused', failure }
    : postponed(toSyncError(failure), failure.retryAfterMs);
}

function postponed(error: FollowerSyncError, afterMs?: number): NoAnswer {
  return { kind: 'postponed', afterMs, error, transientError: true };
}

function quotaClosed(path: string, until: Date, inMs: number): NoAnswer {
  return {
    kind: 'postponed',
    afterMs: inMs,
    transientError: false,
    error: {
      code: 'quota_closed',
      remedy: 'slow-down',
      message: `WeChat allows no more calls of ${path} for this account until ${until.toISOString()}; the sync continues then.`,
    },
  };
}

function brokenAnswer(doing: string): FollowerSyncError {
  return { code: 'wechat_broken_answer', remedy: 'retry', message: `WeChat's answer to ${doing} is broken.` };
}

export function toSyncError({ code, remedy, message, errcode }: Failure): FollowerSyncError {
  return { code, remedy, message, ...(errcode === undefined ? {} : { errcode }) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
