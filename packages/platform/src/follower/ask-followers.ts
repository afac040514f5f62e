import { setTimeout as pause } from 'node:timers/promises';
import {
  type Answer,
  ERRCODE,
  endpointOf,
  Failure,
  isTokenRefusal,
  readAnswer,
  refusal,
  type Transport,
  TransportFailure,
} from '@wxthirdparty/wechat';
import { authorizerOwner } from '../authorizer/authorizer-token.ts';
import type { Ledger } from '../quota/ledger.ts';
import { errcodeOf } from '../quota/quota-evidence.ts';
import type { Token } from '../token/token.ts';
import type { Tokens } from '../token/tokens.ts';
import type { FollowerAccount } from './follower.ts';
import type { FollowerSyncError } from './follower-sync.ts';

const TOKEN_WAIT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 30_000;
/** Departures of one request; after that the sync waits longer than a turn would like to. */
const MAX_TRIES = 4;
/** Malformed answers to one request until it counts as one that cannot be read. */
const MAX_MALFORMED = 2;
const BACKOFF_MS = 500;

export interface FollowerQuestion {
  /** Reads like "listing followers". */
  readonly doing: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface UnreadQuestion extends FollowerQuestion {
  /** An answer that begins so has succeeded, and is handed on unread. */
  readonly unreadIf: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Why a request brought nothing. */
export type NoAnswer =
  /** WeChat will not do it, now or later. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** `transientError` unless it is a matter of course, such as a closed quota. */
  | {
      readonly kind: 'postponed';
      readonly afterMs: number | undefined;
      readonly error: FollowerSyncError;
      readonly transientError: boolean;
    }
  /** The API has answered twice with JSON that is malformed: likely it will always answer that, to this request. */
  | { readonly kind: 'unreadable'; readonly error: FollowerSyncError }
  /** The process is leaving. */
  | { readonly kind: 'leaving' };

/** `askedAt`: when the request left, on Redis' clock (ms). */
export type Asked = { readonly kind: 'answered'; readonly value: Fields; readonly askedAt: number } | NoAnswer;

export interface Unread {
  readonly kind: 'unread';
  readonly body: Buffer;
  readonly askedAt: number;
}

export interface AskOptions {
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
  const pair = { component: account.component, appid: account.appid, path: question.path };
  const endpoint = endpointOf(question.method, question.path);
  let refusals = 0;
  let malformed = 0;
  let last: FollowerSyncError | undefined;
  for (let tries = 0; tries < MAX_TRIES; ) {
    const token = await tokenFor(account, signal, options.tokens);
    if ('kind' in token) return token;
    const departure = await options.ledger.take(pair, endpoint);
    if (departure.go === 'closed') return quotaClosed(question.path, departure.closedUntil, departure.inMs);
    const departedAt = performance.now();
    const answer = await send(question, token, signal, options);
    const evidence = await options.ledger.conclude(pair, departure, errcodeOfReply(answer), endpoint);
    if (errcodeOfReply(answer) === ERRCODE.ok) options.tokens.accepted(token, { path: endpoint.path, departedAt });
    if (Buffer.isBuffer(answer)) return { kind: 'unread', body: answer, askedAt: departure.departedAt };
    if (signal.aborted && (answer instanceof TransportFailure || answer.kind === 'broken')) return { kind: 'leaving' };
    if (answer instanceof TransportFailure) last = toSyncError(answer);
    else if (answer.kind !== 'json') {
      last = brokenAnswer(question.doing);
      if (answer.kind === 'broken' && answer.malformed && ++malformed === MAX_MALFORMED) {
        return { kind: 'unreadable', error: last };
      }
    } else {
      const { errcode } = answer;
      if (errcode === ERRCODE.ok && isFields(answer.value)) {
        return { kind: 'answered', value: answer.value, askedAt: departure.departedAt };
      }
      const failure = refusal(answer, question.doing);
      last = toSyncError(failure);
      if (evidence === 'day-used-up' || evidence === 'minute-used-up') {
        // The next departure reads from the ledger how long to wait.
      } else if (isTokenRefusal(errcode)) {
        const distrusted = await options.tokens.distrust(token, endpoint.path);
        if (distrusted === 'replaced' && refusals++ === 0) continue;
        return { kind: 'postponed', afterMs: undefined, error: last, transientError: true };
      } else if (errcode !== ERRCODE.busy) {
        return failure.remedy === 'fix-request' || failure.remedy === 'reauthorize'
          ? { kind: 'refused', failure }
          : { kind: 'postponed', afterMs: failure.retryAfterMs, error: last, transientError: true };
      }
    }
    tries++;
    if (tries < MAX_TRIES) await pause(BACKOFF_MS * 2 ** (tries - 1), undefined, { signal }).catch(() => {});
    if (signal.aborted) return { kind: 'leaving' };
  }
  return { kind: 'postponed', afterMs: undefined, error: last!, transientError: true };
}

/** An unread answer has succeeded. */
function errcodeOfReply(reply: Answer | Buffer | TransportFailure): number | undefined {
  if (Buffer.isBuffer(reply)) return ERRCODE.ok;
  return reply instanceof TransportFailure ? undefined : errcodeOf(reply);
}

/** The token is asked for at the last moment, and never seen outside of here. */
async function tokenFor(account: FollowerAccount, signal: AbortSignal, tokens: Tokens): Promise<Token | NoAnswer> {
  try {
    return await tokens.get(authorizerOwner(account.component, account.appid), TOKEN_WAIT_MS, signal);
  } catch (error) {
    if (signal.aborted) return { kind: 'leaving' };
    if (!(error instanceof Failure)) throw error;
    if (error.remedy === 'reauthorize' || error.remedy === 'fix-request') return { kind: 'refused', failure: error };
    return { kind: 'postponed', afterMs: error.retryAfterMs, error: toSyncError(error), transientError: true };
  }
}

async function send(
  { method, path, query = {}, body, unreadIf }: FollowerQuestion & Partial<UnreadQuestion>,
  token: Token,
  signal: AbortSignal,
  { transport, apiBase }: AskOptions,
): Promise<Answer | Buffer | TransportFailure> {
  const search = new URLSearchParams({ ...query, access_token: token.value });
  try {
    const response = await transport.send({
      method,
      url: `${apiBase}${path}?${search}`,
      ...(body === undefined
        ? {}
        : { body: Buffer.from(JSON.stringify(body)), headers: { 'content-type': 'application/json' } }),
      timeoutMs: ANSWER_TIMEOUT_MS,
      signal,
    });
    const succeeded =
      unreadIf !== undefined &&
      response.status === 200 &&
      response.body.toString('latin1', 0, unreadIf.length) === unreadIf;
    return succeeded ? response.body : readAnswer(response);
  } catch (error) {
    if (error instanceof TransportFailure) return error;
    throw error;
  }
}

function quotaClosed(path: string, until: Date, inMs: number): NoAnswer {
  return {
    kind: 'postponed',
    afterMs: inMs,
    transientError: false,
    error: {
      code: 'quota_closed',
      remedy: 'slow-down',
      message: `WeChat allows no more calls of ${path} for this account until ${until.toISOString()}; the sync goes on then.`,
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
