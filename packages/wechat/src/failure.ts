/** What to do next after an error. All code decides by this value, never by `message`. */
export type Remedy = 'retry' | 'slow-down' | 'refresh-token' | 'reauthorize' | 'fix-request' | 'operator';

export interface FailureDetails {
  /** Must be free of secrets, because it is logged. */
  cause?: unknown;
  /** WeChat's own number, when WeChat answered. */
  errcode?: number;
  /** WeChat's request id, valid for seven days at `/cgi-bin/openapi/rid/get`. */
  rid?: string;
  retryAfterMs?: number;
}

/** The base class of every expected error of this project. */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  /** Stable, snake_case. */
  readonly code: string;
  readonly remedy: Remedy;
  readonly errcode: number | undefined;
  readonly rid: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, remedy: Remedy, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.remedy = remedy;
    this.errcode = details.errcode;
    this.rid = details.rid;
    this.retryAfterMs = details.retryAfterMs;
  }
}
