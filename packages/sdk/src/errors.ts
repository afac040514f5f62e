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
  /** WeChat's own number, where WeChat refused. */
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
 * The gateway refused: nothing was sent to WeChat. Only where `status` is 500 or more and `remedy` is `operator`, nobody
 * knows: the call may have been taken just before.
 */
export class RefusedError extends WxThirdpartyError {
  override readonly name: string = 'RefusedError';
  readonly status: number;
  /** As the gateway told it; undefined where somebody else answered, such as a proxy. */
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

/** The key is not for that; `missing` says what it is not for. */
export class ForbiddenError extends RefusedError {
  override readonly name = 'ForbiddenError';
  readonly missing: Problem['missing'];

  constructor(problem: Problem, retryAfterMs: number | undefined) {
    super(problem.status, problem, retryAfterMs);
    this.missing = problem.missing;
  }
}

/** The component cannot act now; `reasons` say why. */
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

/** The account must consent again, at `authorizationUrl` where the gateway made one. */
export class ReauthorizeError extends RefusedError {
  override readonly name = 'ReauthorizeError';
  readonly authorizationUrl: string | undefined;

  constructor(problem: Problem, retryAfterMs: number | undefined) {
    super(problem.status, problem, retryAfterMs);
    this.authorizationUrl = problem.authorizationUrl;
  }
}

/** The gateway could not be reached, or did not end its answer. */
export class ConnectionError extends WxThirdpartyError {
  override readonly name = 'ConnectionError';

  /** @param mayHaveArrived the request was none that may be repeated without a thought */
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

/** WeChat answered the call, but the answer is no longer kept: newer ones of the account have displaced it. */
export class AnswerNotKeptError extends WxThirdpartyError {
  override readonly name = 'AnswerNotKeptError';
  readonly call: Call;

  constructor(call: Call) {
    super('WeChat answered the call, but its answer is no longer kept', {
      code: 'answer_not_kept',
      remedy: 'operator',
    });
    this.call = call;
  }
}

/** The call ended without an answer of WeChat's. */
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

/** The call left, and no answer came: it may have been carried out. Look before you repeat it. */
export class OutcomeUnknownError extends CallFailedError {
  override readonly name = 'OutcomeUnknownError';
}

/** The call is under way still when the patience of `waitFor` ended; wait for it again. */
export class StillRunningError extends WxThirdpartyError {
  override readonly name = 'StillRunningError';
  readonly call: Call;

  constructor(call: Call) {
    super(`the call is ${call.state} still`, { code: 'still_running', remedy: 'retry' });
    this.call = call;
  }
}
