/** What to do next. */
export type Remedy = 'retry' | 'slow-down' | 'refresh-token' | 'reauthorize' | 'fix-request' | 'operator';

export interface ThirdpartyErrorFacts {
  readonly code: string;
  readonly remedy: Remedy;
  readonly errcode?: number | undefined;
  readonly errmsg?: string | undefined;
  readonly reasons?: readonly string[] | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The error of this package. Decide by `remedy`, or by `code`; never by `message`. It contains no secret. */
export class ThirdpartyError extends Error {
  override readonly name: string = 'ThirdpartyError';
  /** Stable, snake_case; the gateway's own code where the gateway refused. */
  readonly code: string;
  /** What to do next. */
  readonly remedy: Remedy;
  /** WeChat's number and text, where WeChat (or the gateway in its place) refused. */
  readonly errcode: number | undefined;
  readonly errmsg: string | undefined;
  /** Why the component cannot act, with the code `not_ready`. */
  readonly reasons: readonly string[] | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: ThirdpartyErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.remedy = facts.remedy;
    this.errcode = facts.errcode;
    this.errmsg = facts.errmsg;
    this.reasons = facts.reasons;
    this.retryAfterMs = facts.retryAfterMs;
  }

  /** Programs of 2015 answer with `JSON.stringify(err)`. */
  toJSON(): object {
    const { code, remedy, message, errcode, errmsg, reasons } = this;
    return { code, remedy, message, errcode, errmsg, reasons };
  }
}
