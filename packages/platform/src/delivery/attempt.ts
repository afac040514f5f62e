import { isFromWeChat } from '../journal/push-data.ts';
import type { SubscriptionFormat } from '../subscription/subscription.ts';
import type { OutboundResult } from '../webhook/outbound-request.ts';
import type { AttemptCode, DeliveryCode } from './delivery.ts';

/** Nothing is held longer because a receiver asks for it. */
const MAX_HOLD_MS = 60 * 60_000;
/** What programs answer to a push that none of their handlers takes (Express answers 404). */
const NOT_HANDLED_STATUSES = [404, 405, 501];

export interface FailedOutcome {
  readonly kind: 'failed';
  readonly code: AttemptCode;
  readonly status: number | null;
  readonly ms: number;
  /** Whether the failure says something about the receiver's health. */
  readonly counts: boolean;
  /** No connection was made, so no push can be its cause. */
  readonly unconnected: boolean;
  /** A WeChat program without a handler for this type. */
  readonly notHandled: boolean;
  /** For how long the receiver asks for silence; null: it does not. */
  readonly holdMs: number | null;
}

export type EndedAttempt = { readonly kind: 'delivered'; readonly status: number; readonly ms: number } | FailedOutcome;

/** What one attempt means for its delivery. `aborted`: by this process; it is no attempt. */
export type AttemptOutcome = EndedAttempt | { readonly kind: 'aborted' };

/** `type`: of the push. */
export function readAttempt(
  result: OutboundResult,
  { format, type, now }: { readonly format: SubscriptionFormat; readonly type: string; readonly now: Date },
): AttemptOutcome {
  switch (result.kind) {
    case 'aborted':
      return { kind: 'aborted' };
    case 'failed':
      return { ...FAILURE, code: result.code, status: null, ms: result.ms, unconnected: isUnconnected(result.code) };
    case 'answered': {
      const { status, ms } = result;
      if (status >= 200 && status < 300) return { kind: 'delivered', status, ms };
      const notHandled = isFromWeChat(type) && isNotHandled(format, status);
      const holdMs = holdMsOf(status, result.headers['retry-after'], now);
      const counts = !notHandled && holdMs === null;
      return { ...FAILURE, code: codeOf(status), status, ms, counts, notHandled, holdMs };
    }
    default:
      return result satisfies never;
  }
}

/** No connection was made, so no push can be the cause. */
export function isUnconnected(code: DeliveryCode): boolean {
  return UNCONNECTED.has(code);
}

const UNCONNECTED: ReadonlySet<DeliveryCode> = new Set([
  'no_connection',
  'bad_certificate',
  'address_not_allowed',
  'address_unresolved',
]);

const FAILURE = { kind: 'failed', counts: true, unconnected: false, notHandled: false, holdMs: null } as const;

function codeOf(status: number): AttemptCode {
  if (status === 410) return 'gone';
  return status >= 300 && status < 400 ? 'redirect' : 'status';
}

/**
 * Whether a program answered a message or event so since it has no handler for it. In WeChat's formats only: the receiver
 * of our own JSON is written for us, so that a 404 is a wrong path.
 */
export function isNotHandled(format: SubscriptionFormat, status: number | null): boolean {
  return format !== 'json' && status !== null && NOT_HANDLED_STATUSES.includes(status);
}

function holdMsOf(status: number, retryAfter: string | undefined, now: Date): number | null {
  if ((status !== 429 && status !== 503) || retryAfter === undefined) return null;
  const text = retryAfter.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now.getTime();
  return ms > 0 ? Math.min(ms, MAX_HOLD_MS) : null;
}
