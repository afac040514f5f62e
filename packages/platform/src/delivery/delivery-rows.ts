import type { InsertNew } from '../database/insert-new.ts';
import type { DeliveryRow } from '../database/schema.ts';
import type { SqlValue } from '../database/statement.ts';
import type { Subscription } from '../subscription/subscription.ts';

/** A worker sends an asked push only if no gateway has reported its outcome by this time after the subscription's timeout. */
const ASKED_GRACE_MS = 30_000;
/** In `reply_state` until there is a reply: the gateway asked this endpoint, so that its answer may be one. Never shown. */
export const ASKED = 'asked';

/** What a row takes from its push. */
export interface DeliveredPush {
  readonly component: string;
  readonly id: string;
  readonly appid: string | null;
  readonly type: string;
  readonly seq: number;
  readonly receivedAt: Date;
}

export interface NewDelivery {
  readonly subscription: Pick<Subscription, 'id' | 'timeoutMs'>;
  readonly push: DeliveredPush;
  /** The gateway posts it itself, since WeChat waits for the reply. */
  readonly asked: boolean;
}

/** The row of a push that was just journaled. It is due in the order of acceptance. */
export function deliveryRow({ subscription, push, asked }: NewDelivery, now: Date): DeliveryRow {
  const receivedAt = push.receivedAt.getTime();
  return {
    ...pendingRow(subscription.id, push, now),
    pending_at: asked ? receivedAt + subscription.timeoutMs + ASKED_GRACE_MS : receivedAt,
    reply_state: asked ? ASKED : null,
  };
}

/** The row of a push that `replay` sends to a subscription that has none of it. */
export function replayedRow(subscription: string, push: DeliveredPush, replay: string, now: Date): DeliveryRow {
  return { ...pendingRow(subscription, push, now), replay };
}

function pendingRow(subscription: string, push: DeliveredPush, now: Date): DeliveryRow {
  const { component, id, appid, type, seq } = push;
  return {
    subscription,
    push: id,
    component,
    appid,
    type,
    seq,
    pending_at: now.getTime(),
    opened_at: now.getTime(),
    attempts: 0,
    state: 'pending',
    status: null,
    code: null,
    ms: null,
    failures_sealed: null,
    replay: null,
    reply_state: null,
    reply_reason: null,
    call_id: null,
    settled_at: null,
  };
}

const COLUMNS = [
  ...['subscription', 'push', 'component', 'appid', 'type', 'seq', 'pending_at', 'opened_at', 'attempts', 'state'],
  ...['status', 'code', 'ms', 'failures_sealed', 'replay', 'reply_state', 'reply_reason', 'call_id', 'settled_at'],
] as const satisfies readonly (keyof DeliveryRow)[];

/** Inserts rows; those whose key exists stay as they are. */
export function insertDeliveries(rows: readonly DeliveryRow[]): InsertNew {
  const values = rows.flatMap((row): SqlValue[] => COLUMNS.map((column) => row[column]));
  return { into: 'deliveries', columns: COLUMNS, key: ['subscription', 'push'], values };
}
