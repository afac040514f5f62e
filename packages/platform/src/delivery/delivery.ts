import type { ReplyReason, ReplyState } from '../reply/reply.ts';

/** `dead`: it is not sent again by itself. */
export type DeliveryState = 'pending' | 'delivered' | 'dead';

/** Why an attempt failed. */
export type AttemptCode =
  | 'no_connection'
  | 'bad_certificate'
  /** No complete answer within the subscription's `timeoutMs`. */
  | 'timeout'
  | 'address_not_allowed'
  | 'address_unresolved'
  | 'redirect'
  /** Any other status that is not 2xx. */
  | 'status'
  /** 410: the subscription is paused. */
  | 'gone';

/** Why a delivery is dead although nothing more was tried. */
export type FinalCode =
  /** A WeChat program without a handler for this type answered 404, 405 or 501 three times. */
  | 'not_handled'
  | 'gave_up'
  /** No listed key opens the payload. */
  | 'not_openable';

export type DeliveryCode = AttemptCode | FinalCode;

/** A failed attempt. */
export interface FailedAttempt {
  readonly number: number;
  readonly at: Date;
  readonly status: number | null;
  readonly code: DeliveryCode;
  readonly ms: number;
  /** The start of the answer, at most 1 kB. */
  readonly answer: string | null;
}

/** One push for one subscription. */
export interface Delivery {
  readonly subscription: string;
  readonly push: string;
  readonly seq: number;
  readonly component: string;
  readonly appid: string | null;
  readonly type: string;
  readonly state: DeliveryState;
  readonly attemptCount: number;
  readonly pendingAt: Date | null;
  readonly openedAt: Date;
  /** Of the last attempt; code null: it was answered 2xx. */
  readonly status: number | null;
  readonly code: DeliveryCode | null;
  readonly ms: number | null;
  readonly settledAt: Date | null;
  /** The replay that created or reopened it. */
  readonly replay: string | null;
  readonly reply: {
    readonly state: ReplyState;
    readonly reason: ReplyReason | null;
    readonly callId: string | null;
  } | null;
}
