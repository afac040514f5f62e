import type { BulkStep } from '../database/bulk.ts';
import type { SqlValue } from '../database/statement.ts';
import type { EndedAttempt } from './attempt.ts';
import type { DeliveryCode } from './delivery.ts';
import type { Judgement } from './judge-attempt.ts';

/** How an attempt reflects on its subscription. */
export interface HealthNews {
  readonly subscription: string;
  readonly at: Date;
  readonly isSuccess: boolean;
  /** A failure that is counted by the circuit. */
  readonly counts: boolean;
  readonly code: DeliveryCode | null;
  readonly status: number | null;
  /** For how long the receiver asks for silence. */
  readonly holdMs: number | null;
}

export function newsOf(
  subscription: string,
  { code, status }: Pick<Judgement, 'code' | 'status'>,
  attempt: EndedAttempt,
  at: Date,
): HealthNews {
  const isSuccess = attempt.kind === 'delivered';
  const [counts, holdMs] = isSuccess ? [false, null] : [attempt.counts, attempt.holdMs];
  return { subscription, at, isSuccess, counts, code, status, holdMs };
}

const EACH =
  'update subscriptions set failures = failures * ? + ?, last_success_at = coalesce(?, last_success_at), ' +
  'last_failure = coalesce(?, last_failure), hold_until = coalesce(?, hold_until) where id = ?';
const WIDTH = 6;
const ID_AT = 5;

/**
 * `failures` are those since the last success; they are incremented, since batches and the journaler (outcomes of asked
 * endpoints) both count. `news`: in the order in which the attempts ended.
 */
export function healthSteps(news: readonly HealthNews[]): BulkStep[] {
  if (news.length === 0) return [];
  const bySubscription = Map.groupBy(news, ({ subscription }) => subscription);
  const values = [...bySubscription].flatMap(([id, own]) => valuesOf(id, own));
  return [{ each: EACH, width: WIDTH, key: [ID_AT], values }];
}

function valuesOf(id: string, news: readonly HealthNews[]): SqlValue[] {
  const lastSuccess = news.findLastIndex(({ isSuccess }) => isSuccess);
  const failures = news.slice(lastSuccess + 1).filter(({ counts }) => counts).length;
  const lastFailed = news.findLast(({ isSuccess }) => !isSuccess);
  const held = news.flatMap(({ at, holdMs }) => (holdMs === null ? [] : [at.getTime() + holdMs]));
  return [
    lastSuccess === -1 ? 1 : 0,
    failures,
    news[lastSuccess]?.at.getTime() ?? null,
    lastFailed ? JSON.stringify({ code: lastFailed.code, status: lastFailed.status, at: lastFailed.at }) : null,
    held.length > 0 ? Math.max(...held) : null,
    id,
  ];
}
