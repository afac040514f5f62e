import type { Call, Problem, Remedy } from './generated/api.ts';
import { errcodeRemedies } from './generated/errcode-remedies.ts';

export interface ErrorFacts {
  readonly code: string;
  readonly remedy: Remedy;
  readonly retryAfterMs?: number | undefined;
  readonly errcode?: number | undefined;
  readonly rid?: string | undefined;
  readonly cause?: unknown;
}

/** The base of every error of this package. Decide by `remedy`, or by `code`; never by `message`. */
export class WxThirdpartyError extends Error {
  override readonly name: string = 'WxThirdpartyError';
  /** Stable, snake_case. */
  readonly code: string;
  /** What to do next. */
  readonly remedy: Remedy;
  readonly retryAfterMs: number | undefined;
  /** WeChat's own number, if WeChat refused. */
  readonly errcode: number | undefined;
  /** WeChat's id of the request. */
  readonly rid: string | undefined;

  constructor(message: string, { code, remedy, retryAfterMs, errcode, rid, cause }: ErrorFacts) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
    this.retryAfterMs = retryAfterMs;
    this.errcode = errcode;
    this.rid = rid;
  }
}

/**
 * The gateway refused: nothing was sent to WeChat. Only with a `status` of 500 or more and the `remedy` `operator` is this
 * unknown: the call may have been accepted just before.
 */
export class RefusedError extends WxThirdpartyError {
  override readonly name: string = 'RefusedError';
  readonly status: number;
  /** The gateway's problem document; undefined if another server answered, such as a proxy. */
  readonly problem: Problem | undefined;

  constructor(status: number, problem: Problem | undefined, retryAfterMs: number | undefined) {
    super(problem?.detail ?? `the gateway, or something before it, answered ${status}`, {
      code: problem?.code ?? `http_${status}`,
      remedy: problem?.remedy ?? (status === 429 ? 'slow-down' : status < 500 ? 'fix-request' : 'operator'),
      retryAfterMs,
      errcode: problem?.errcode,
      rid: problem?.rid,
    });
    this.status = status;
    this.problem = problem;
  }
}

/** The API key lacks a permission; `missing` names it. */
export class ForbiddenError extends RefusedError {
  override readonly name = 'ForbiddenError';
  readonly missing: Problem['missing'];

  constructor(problem: Problem, retryAfterMs: number | undefined) {
    super(problem.status, problem, retryAfterMs);
    this.missing = problem.missing;
  }
}

/** The component cannot act now, for `reasons`. */
export class NotReadyError extends RefusedError {
  override readonly name = 'NotReadyError';
  readonly reasons: readonly string[];

  constructor(problem: Problem, retryAfterMs: number | undefined) {
    super(problem.status, problem, retryAfterMs);
    this.reasons = problem.reasons ?? [];
  }
}

/** WeChat takes no more calls of this API for this account before `closedUntil`. */
export class QuotaClosedError extends RefusedError {
  override readonly name = 'QuotaClosedError';
  readonly closedUntil: Date | undefined;

  constructor(problem: Problem, retryAfterMs: number | undefined) {
    super(problem.status, problem, retryAfterMs);
    this.closedUntil = problem.closedUntil === undefined ? undefined : new Date(problem.closedUntil);
  }
}

/** The account must consent again, at `authorizationUrl` if the gateway created one. */
export class ReauthorizeError extends RefusedError {
  override readonly name = 'ReauthorizeError';
  readonly authorizationUrl: string | undefined;

  constructor(problem: Problem, retryAfterMs: number | undefined) {
    super(problem.status, problem, retryAfterMs);
    this.authorizationUrl = problem.authorizationUrl;
  }
}

/** The gateway could not be reached, or its answer was incomplete. */
export class ConnectionError extends WxThirdpartyError {
  override readonly name = 'ConnectionError';

  /** @param mayHaveArrived the request may have been executed and cannot be repeated safely */
  constructor(mayHaveArrived: boolean, cause: unknown) {
    super(
      mayHaveArrived
        ? 'the connection to the gateway broke; whether the request was taken is not known'
        : 'the gateway cannot be reached',
      { code: 'gateway_unreachable', remedy: mayHaveArrived ? 'operator' : 'retry', cause },
    );
  }
}

/** WeChat answered the call with an errcode. */
export class WeChatError extends WxThirdpartyError {
  override readonly name = 'WeChatError';
  declare readonly errcode: number;
  readonly errmsg: string;
  readonly call: Call;

  constructor(call: Call, errcode: number, errmsg: string) {
    super(`WeChat refused with ${errcode}: ${errmsg}`, {
      code: 'wechat_refused',
      remedy: errcodeRemedies[errcode] ?? 'fix-request',
      errcode,
      rid: /\brid: ?([\w-]+)/.exec(errmsg)?.[1],
    });
    this.errmsg = errmsg;
    this.call = call;
  }
}

/** WeChat answered the call, but the answer is no longer stored: newer answers of the account have replaced it. */
export class AnswerNotKeptError extends WxThirdpartyError {
  override readonly name = 'AnswerNotKeptError';
  readonly call: Call;

  constructor(call: Call) {
    super('WeChat answered the call, but its answer is no longer stored', {
      code: 'answer_not_kept',
      remedy: 'operator',
    });
    this.call = call;
  }
}

/** The call ended without an answer of WeChat. */
export class CallFailedError extends WxThirdpartyError {
  override readonly name: string = 'CallFailedError';
  readonly call: Call;

  constructor(call: Call) {
    const { failure, state } = call;
    super(failure?.message ?? `the call is ${state}`, {
      code: failure?.code ?? state,
      remedy: failure?.remedy ?? 'fix-request',
      errcode: failure?.errcode ?? undefined,
      rid: failure?.rid ?? undefined,
    });
    this.call = call;
  }
}

/** The call was sent, and there was no answer: it may have been executed. Check its effect before you repeat it. */
export class OutcomeUnknownError extends CallFailedError {
  override readonly name = 'OutcomeUnknownError';
}

/** The call was still running when the timeout of `waitFor` ended; wait for it again. */
export class StillRunningError extends WxThirdpartyError {
  override readonly name = 'StillRunningError';
  readonly call: Call;

  constructor(call: Call) {
    super(`the call is ${call.state} still`, { code: 'still_running', remedy: 'retry' });
    this.call = call;
  }
}
