import type { Remedy } from '@wxthirdparty/wechat';

/** A request of a business program to WeChat. */
export interface CallRequest {
  /** The account for which the call is sent; for a component's own APIs, the component's appid, here and below. */
  readonly appid: string;
  /** Required if the account exists under two components. */
  readonly component?: string | undefined;
  readonly method: string;
  /** A WeChat path: starts with `/`; no host, no `//`, no `..`, no `?`. */
  readonly path: string;
  /** In the caller's order. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string | undefined;
  readonly body?: Buffer | undefined;
  /** How long the caller waits. 0: a background call. */
  readonly waitMs: number;
  /** A call that has not departed after this time fails with `deadline_passed`. */
  readonly departWithinMs: number;
  /** Instead of `departWithinMs`: the time after which it must not depart. */
  readonly deadlineAt?: Date | undefined;
  /** It does not depart earlier. Only for background calls. */
  readonly notBeforeAt?: Date | undefined;
  /** Calls of the account with the same one are sent in the order in which they are due. Only for background calls. */
  readonly orderKey?: string | undefined;
  /** It departs only once a replica of Redis has received its claim, if Redis has replicas. Only for background calls. */
  readonly durable?: boolean | undefined;
  /** A second request under the same key returns the call that was created first. */
  readonly idempotencyKey?: string | undefined;
  /** The address to which the outcome is reported. */
  readonly callbackUrl?: string | undefined;
  /** The API key of the caller, for which the token of a user in the answer is remembered. */
  readonly keyFingerprint?: string | undefined;
  /** The id of that key, which the record of the call keeps; missing for the calls of the platform itself. */
  readonly keyId?: string | undefined;
  /**
   * TTL of WeChat's answer for a caller that does not receive the id and reads the answer only once. Such a call is listed only if
   * it fails, and then for as long as any other interactive call.
   */
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

/** WeChat's answer: its bytes and the headers that callers use, unchanged. */
export interface CallResponse {
  readonly status: number;
  /** Names in lower case; only content type and disposition. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** WeChat's answer without its content. */
export interface CallAnswered {
  readonly status: number;
  /** Null if the answer states none, as the next. */
  readonly errcode: number | null;
  readonly rid: string | null;
  /** The size of its body. Null for a call that a process of an earlier version has settled. */
  readonly bytes: number | null;
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
  /** The size of its body. Null for a call that a process of an earlier version has accepted. */
  readonly requestBytes: number | null;
  /** No caller waits for it. */
  readonly background: boolean;
  /** The id of the key with which it was requested; null: of none, or accepted by a process of an earlier version. */
  readonly keyId: string | null;
  readonly state: CallState;
  /** Departures so far. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly deadlineAt: Date;
  readonly notBeforeAt: Date | null;
  readonly settledAt: Date | null;
  /** Null also of a completed call whose answer is no longer kept. */
  readonly response: CallResponse | null;
  /** Null unless WeChat's answer is the outcome. */
  readonly answered: CallAnswered | null;
  readonly failure: CallFailure | null;
  readonly quota: QuotaView | null;
}

/** A call without what WeChat answered. */
export type CallSummary = Omit<Call, 'response' | 'quota'>;
