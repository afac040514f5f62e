import type { Remedy } from '@wxthirdparty/wechat';

/** What a business program asks us to send to WeChat. */
export interface CallRequest {
  /** The account on whose behalf the call goes out; a component's own appid, here and below, for its own APIs. */
  readonly appid: string;
  /** Chooses where the account exists under two components. */
  readonly component?: string | undefined;
  readonly method: string;
  /** A WeChat path: begins with `/`; no host, no `//`, no `..`, no `?`. */
  readonly path: string;
  /** In the order in which the caller gave it. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string | undefined;
  readonly body?: Buffer | undefined;
  /** 0: nobody waits (background). */
  readonly waitMs: number;
  /** A call that has not left by then fails with `deadline_passed`. */
  readonly departWithinMs: number;
  /** Instead of `departWithinMs`: the moment after which it must not leave any more. */
  readonly deadlineAt?: Date | undefined;
  /** It does not leave earlier. Only for calls for which nobody waits. */
  readonly notBeforeAt?: Date | undefined;
  /** Asking again under the same key answers the call that was made first. */
  readonly idempotencyKey?: string | undefined;
  /** Told of the outcome. */
  readonly callbackUrl?: string | undefined;
  /** How long the outcome is kept for a caller who never learns the id and needs it only once; such a call is in no list. */
  readonly keptForMs?: number | undefined;
}

export type CallState = 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled';

export interface CallFailure {
  readonly code: string;
  readonly remedy: Remedy;
  readonly message: string;
  readonly errcode?: number | undefined;
  readonly rid?: string | undefined;
}

/** How WeChat answered: the bytes and the headers that matter, untouched. */
export interface CallResponse {
  readonly status: number;
  /** Lower-case names; only those that a caller can use (content type, disposition). */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface QuotaView {
  readonly used: number;
  readonly limit: number | null;
  readonly remaining: number | null;
  readonly closedUntil: Date | null;
}

export interface Call {
  readonly id: string;
  readonly component: string;
  readonly appid: string;
  readonly method: string;
  readonly path: string;
  /** Nobody waits for it. */
  readonly background: boolean;
  readonly state: CallState;
  /** Departures so far. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly deadlineAt: Date;
  readonly notBeforeAt: Date | null;
  readonly settledAt: Date | null;
  /** Null also of a completed call whose answer is no longer kept. */
  readonly response: CallResponse | null;
  readonly failure: CallFailure | null;
  readonly quota: QuotaView | null;
}

/** A call without what WeChat answered. */
export type CallSummary = Omit<Call, 'response' | 'quota'>;
