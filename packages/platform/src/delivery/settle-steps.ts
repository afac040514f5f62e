import type { BulkStep } from '../database/bulk.ts';
import type { SqlValue } from '../database/statement.ts';
import type { ReplyReason, ReplyState } from '../reply/reply.ts';
import type { DeliveryCode, DeliveryState } from './delivery.ts';

export interface DeliveryReply {
  readonly state: ReplyState;
  readonly reason: ReplyReason | null;
  readonly callId: string | null;
}

/** What one attempt changes in its delivery's row. */
export interface SettledAttempt {
  readonly subscription: string;
  readonly push: string;
  /** Attempts before this one: if the row has others, another process has settled it. */
  readonly attempts: number;
  /** False: nothing could be sent. */
  readonly isAttempt: boolean;
  readonly state: DeliveryState;
  /** When it is due again; null: it is settled. */
  readonly pendingAt: Date | null;
  readonly status: number | null;
  readonly code: DeliveryCode | null;
  readonly ms: number | null;
  /** Undefined: as before. */
  readonly failuresSealed?: string | undefined;
  /** Undefined: as before. */
  readonly reply?: DeliveryReply | undefined;
  readonly at: Date;
}

const EACH =
  'update deliveries set attempts = attempts + ?, state = ?, pending_at = ?, status = ?, code = ?, ms = ?, ' +
  'failures_sealed = coalesce(?, failures_sealed), reply_state = coalesce(?, reply_state), ' +
  'reply_reason = coalesce(?, reply_reason), call_id = coalesce(?, call_id), settled_at = ? ' +
  'where subscription = ? and push = ? and attempts = ? and pending_at is not null';
const WIDTH = 14;
const SUBSCRIPTION_AT = 11;

/** Each only while its row is pending with the attempts that were read. */
export function settleSteps(settled: readonly SettledAttempt[]): BulkStep[] {
  if (settled.length === 0) return [];
  return [{ each: EACH, width: WIDTH, key: [SUBSCRIPTION_AT, SUBSCRIPTION_AT + 1], values: settled.flatMap(valuesOf) }];
}

function valuesOf({ reply, pendingAt, ...settled }: SettledAttempt): SqlValue[] {
  return [
    settled.isAttempt ? 1 : 0,
    settled.state,
    pendingAt?.getTime() ?? null,
    settled.status,
    settled.code,
    settled.ms,
    settled.failuresSealed ?? null,
    reply?.state ?? null,
    reply?.reason ?? null,
    reply?.callId ?? null,
    pendingAt ? null : settled.at.getTime(),
    settled.subscription,
    settled.push,
    settled.attempts,
  ];
}
