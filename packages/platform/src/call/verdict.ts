import { type Answer, ERRCODE, type Failure, isTokenRefusal, type TransportFailure } from '@wxthirdparty/wechat';
import { quotaEvidenceOf } from '../quota/quota-evidence.ts';
import { backoffMs, isBusy, mayTryNextToken, triesLeft } from '../request/retry-rules.ts';
import type { CallFailure } from './call.ts';

/**
 * APIs answer with HTTP 200 (protocol §9). A 4xx comes from WeChat's edge, which refused the request itself: no API was
 * reached. The same request is refused again, except with these codes: it came too slowly, too early or too often.
 */
const REFUSED_FOR_NOW = new Set([408, 425, 429]);
/** For a call that another process should take: this process may get it again, and postpones it again. */
export const YIELD_DELAY_MS = 250;

/** What came back from one departure. */
export type Result =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'unanswered'; readonly failure: TransportFailure };

export interface Circumstances {
  /** Whether WeChat may carry it out twice without harm, by the catalogue. */
  readonly safeToRepeat: boolean;
  readonly background: boolean;
  /** Departures so far, this one included. */
  readonly attempts: number;
  /** How many of them a refused token ended. */
  readonly refusals: number;
  /** The request carried a token of ours, and only that can be the cause if WeChat refuses it. */
  readonly tokenToBlame: boolean;
  /** WeChat refused this host's address, and a process on another host can send the call. */
  readonly otherHostCan: boolean;
  /** The path that was called, as the catalogue writes it. */
  readonly path: string;
}

export type Verdict =
  /** WeChat's answer goes to the caller, whatever its errcode. */
  | { readonly do: 'answer' }
  | { readonly do: 'fail'; readonly failure: CallFailure }
  | { readonly do: 'repeat'; readonly afterMs: number }
  | { readonly do: 'next-token' }
  /** WeChat has closed the quota: the call is tried again after the reopening. */
  | { readonly do: 'await-quota' };

/** What to do after one departure: the only place that decides which calls may be sent again. */
export function judge(result: Result, c: Circumstances): Verdict {
  return result.kind === 'answered' ? judgeAnswer(result.answer, c) : judgeSilence(result.failure, c);
}

function judgeAnswer(answer: Answer, c: Circumstances): Verdict {
  if (answer.kind === 'binary') return { do: 'answer' };
  if (answer.kind === 'broken') {
    if (answer.why === 'http_status' && answer.status >= 400 && answer.status < 500) {
      return judgeRefusalByEdge(answer.status, c);
    }
    const why = `WeChat answered ${answer.why === 'http_status' ? `HTTP ${answer.status}` : brokenTexts[answer.why]}`;
    return c.safeToRepeat
      ? repeatOr(c, { code: 'wechat_broken_answer', remedy: 'retry', message: `${why}, again and again.` })
      : { do: 'fail', failure: outcomeUnknown(why) };
  }
  const { errcode } = answer;
  // A refusal is definite: nothing was carried out, so any call may be repeated, once. The caller receives a second refusal.
  if (isTokenRefusal(errcode))
    return c.tokenToBlame && mayTryNextToken(c.refusals) ? { do: 'next-token' } : { do: 'answer' };
  // The address is checked before anything is carried out (protocol §9, §10).
  if (errcode === ERRCODE.addressForbidden && c.otherHostCan && triesLeft(triesOf(c))) {
    return { do: 'repeat', afterMs: YIELD_DELAY_MS };
  }
  const evidence = quotaEvidenceOf(c.path, errcode);
  const isClosed = evidence === 'day-used-up' || evidence === 'minute-used-up';
  // A caller that waits receives WeChat's refusal at once.
  if (isClosed) return c.background ? { do: 'await-quota' } : { do: 'answer' };
  // A busy WeChat may have carried it out all the same; only the caller can know whether a repetition does harm.
  if (isBusy(errcode) && c.safeToRepeat && triesLeft(triesOf(c))) {
    return { do: 'repeat', afterMs: backoffMs(triesOf(c)) };
  }
  return { do: 'answer' };
}

function judgeRefusalByEdge(status: number, c: Circumstances): Verdict {
  const refused = `WeChat's edge refused the request with HTTP ${status}; nothing was carried out.`;
  if (REFUSED_FOR_NOW.has(status)) {
    return repeatOr(c, { code: 'wechat_refused', remedy: 'slow-down', message: `${refused} Call again later.` });
  }
  const message = `${refused} Check the path, the query, the body and its content type and size.`;
  return { do: 'fail', failure: { code: 'wechat_refused', remedy: 'fix-request', message } };
}

function judgeSilence(failure: TransportFailure, c: Circumstances): Verdict {
  const reported: CallFailure = { code: failure.code, remedy: failure.remedy, message: failure.message };
  if (failure.sent === 'no' || c.safeToRepeat) return repeatOr(c, reported);
  return { do: 'fail', failure: outcomeUnknown(failure.message) };
}

function repeatOr(c: Circumstances, failure: CallFailure): Verdict {
  return triesLeft(triesOf(c)) ? { do: 'repeat', afterMs: backoffMs(triesOf(c)) } : { do: 'fail', failure };
}

function triesOf({ attempts, refusals }: Circumstances): number {
  return attempts - refusals;
}

export function outcomeUnknown(why: string): CallFailure {
  return {
    code: 'outcome_unknown',
    remedy: 'operator',
    message: `${why}; the call may have been carried out and is not safe to repeat. Look it up at WeChat before you send it again.`,
  };
}

/** WeChat has several errcodes for an ended consent; callers always receive `reauthorize`. */
export function toCallFailure({ code, remedy, message, errcode, rid }: Failure): CallFailure {
  return { code: remedy === 'reauthorize' ? 'reauthorize' : code, remedy, message, errcode, rid };
}

const brokenTexts = {
  empty: 'nothing',
  html: 'an HTML page',
  not_json: 'something that is not JSON',
} as const;
