import type { SubscriptionRow } from '../database/schema.ts';
import type { Seals } from '../sealing/seals.ts';
import { readSecrets } from './secrets.ts';
import type {
  LastFailure,
  LastTicket,
  PauseReason,
  ReplyTerms,
  Subscription,
  SubscriptionFilter,
  SubscriptionFormat,
  SubscriptionState,
} from './subscription.ts';

/** The columns that are sealed, each for its own place. */
export const sealedColumns = ['url_sealed', 'message_url_sealed', 'filter_sealed', 'secrets_sealed'] as const;
export type SealedColumn = (typeof sealedColumns)[number];

/** The state of a row whose subscription was deleted, as long as snapshots may still have it. */
export const DELETED = 'deleted';

export function placeOf(id: string, column: SealedColumn): string {
  return `subscriptions/${id}/${column}`;
}

/** Throws Failure `unsealable` if no listed key opens a column. */
export function toSubscription(row: SubscriptionRow, seals: Seals): Subscription {
  const open = (column: Exclude<SealedColumn, 'message_url_sealed'>) =>
    seals.open(row[column], placeOf(row.id, column));
  return {
    id: row.id,
    name: row.name,
    url: open('url_sealed'),
    messageUrl:
      row.message_url_sealed === null
        ? null
        : seals.open(row.message_url_sealed, placeOf(row.id, 'message_url_sealed')),
    format: row.format as SubscriptionFormat,
    mode: row.mode as Subscription['mode'],
    component: row.component,
    filter: JSON.parse(open('filter_sealed')) as SubscriptionFilter,
    reply: row.reply === null ? null : (JSON.parse(row.reply) as ReplyTerms),
    maxInFlight: Number(row.max_in_flight),
    timeoutMs: Number(row.timeout_ms),
    giveUpAfterMs: row.give_up_ms === null ? null : Number(row.give_up_ms),
    state: row.state as SubscriptionState,
    reason: row.reason as PauseReason | null,
    failures: Number(row.failures),
    failingSince: dateOf(row.failing_since),
    probeAt: dateOf(row.probe_at),
    holdUntil: dateOf(row.hold_until),
    ticketAt: dateOf(row.ticket_at),
    lastSuccessAt: dateOf(row.last_success_at),
    behindSince: dateOf(row.behind_since),
    lastFailure: withTime<LastFailure>(row.last_failure),
    lastTicket: withTime<LastTicket>(row.last_ticket),
    secrets: readSecrets(open('secrets_sealed')),
    createdBy: row.created_by,
    createdAt: new Date(Number(row.created_at)),
    updatedAt: new Date(Number(row.changed_at)),
  };
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(Number(ms));
}

/** `at` is a Date, which JSON has as text. */
function withTime<T extends { readonly at: Date }>(text: string | null): T | null {
  if (text === null) return null;
  const value = JSON.parse(text) as T;
  return { ...value, at: new Date(value.at) };
}
