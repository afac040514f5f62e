import type { CallState } from './call.ts';
import type { RecordFields } from './call-record.ts';
import {
  type AttemptResult,
  type CallbackEventResult,
  type ParkReason,
  type RecordedEvent,
  type RetryReason,
  readEvents,
} from './recorded-events.ts';

/** How a call came to its run. `inline`: the process that received it sends it. */
export type CallKind = 'inline' | 'queued' | 'background';

/** There was no answer, or none that can be read. */
export interface Unanswered {
  readonly code: string;
  /** How long it was waited for. */
  readonly ms: number;
}

export type TimelineEvent = { readonly at: Date; readonly attempt: number | null } & (
  | { readonly event: 'received'; readonly detail: { readonly kind: CallKind; readonly orderKey: boolean } }
  | { readonly event: 'queued'; readonly detail: null }
  | { readonly event: 'token_waited'; readonly detail: { readonly ms: number } }
  /** `quota`: with this departure; null if it is unknown. */
  | {
      readonly event: 'sent';
      readonly detail: { readonly quota: { readonly used: number; readonly limit: number | null } | null };
    }
  | {
      readonly event: 'answered';
      readonly detail: {
        readonly ms: number;
        readonly status: number;
        readonly errcode: number | null;
        readonly rid: string | null;
        /** Why the answer is none: it cannot be read. */
        readonly code: string | null;
      };
    }
  | { readonly event: 'parked'; readonly detail: { readonly reason: ParkReason; readonly until: Date } }
  | {
      readonly event: 'retried';
      readonly detail: {
        readonly reason: RetryReason;
        readonly afterMs: number;
        readonly unanswered: Unanswered | null;
      };
    }
  | {
      readonly event: 'settled';
      readonly detail: {
        readonly state: CallState;
        readonly code: string | null;
        readonly unanswered: Unanswered | null;
      };
    }
  | {
      readonly event: 'callback';
      readonly detail: { readonly result: CallbackEventResult; readonly status: number | null };
    }
);

/**
 * What happened to a call. Null for an inline call that neither failed nor left its process: nothing of it is recorded but its
 * outcome. A record of an earlier version has only its last departure.
 */
export function timelineOf(fields: RecordFields): TimelineEvent[] | null {
  const recorded = readEvents(fields);
  const kind = kindOf(fields);
  const isSettled = fields.state === 'settled';
  if (kind === 'inline' && isSettled && recorded.length === 0 && !isFailure(fields)) return null;
  const createdAt = Number(fields.createdAt);
  const events: TimelineEvent[] = [
    {
      at: new Date(createdAt),
      event: 'received',
      attempt: null,
      detail: { kind, orderKey: fields.order !== undefined },
    },
  ];
  if (kind !== 'inline') events.push({ at: new Date(createdAt), event: 'queued', attempt: null, detail: null });
  const last = addRecorded(events, recorded, createdAt, fields);
  if (isSettled) {
    const unanswered = last?.status === undefined ? unansweredOf(last) : null;
    events.push({
      at: new Date(Number(fields.settledAt)),
      event: 'settled',
      attempt: null,
      detail: { state: fields.outcome as CallState, code: failureCodeOf(fields), unanswered },
    });
  }
  return inOrder(events);
}

/** Returns how the last attempt ended, unless the call was sent again. */
function addRecorded(
  events: TimelineEvent[],
  recorded: readonly RecordedEvent[],
  createdAt: number,
  fields: RecordFields,
): AttemptResult | undefined {
  const at = (sinceMs: number) => new Date(createdAt + sinceMs);
  let sent: { readonly attempt: number; readonly sinceMs: number } | undefined;
  let last: AttemptResult | undefined;
  if (!recorded.some(({ kind }) => kind === 'sent') && fields.sentAt !== undefined && Number(fields.attempts) > 0) {
    sent = { attempt: Number(fields.attempts), sinceMs: Number(fields.sentAt) - createdAt };
    events.push({ at: at(sent.sinceMs), event: 'sent', attempt: sent.attempt, detail: { quota: null } });
  }
  for (const event of recorded) {
    const attempt = sent?.attempt ?? null;
    switch (event.kind) {
      case 'queued':
        events.push({ at: at(event.sinceMs), event: 'queued', attempt: null, detail: null });
        break;
      case 'sent': {
        const { tokenMs, used, limit } = event;
        if (tokenMs > 0) {
          const waitedFrom = Math.max(0, event.sinceMs - tokenMs);
          events.push({
            at: at(waitedFrom),
            event: 'token_waited',
            attempt: event.attempt,
            detail: { ms: tokenMs },
          });
        }
        const quota = { used, limit: limit ?? null };
        events.push({ at: at(event.sinceMs), event: 'sent', attempt: event.attempt, detail: { quota } });
        sent = event;
        last = undefined;
        break;
      }
      case 'ended': {
        const { result, retry } = event;
        const isOutcome = result.status === undefined && result.code === undefined && retry === undefined;
        const answered = isOutcome ? answeredBy(fields) : result;
        if (answered.status !== undefined) {
          events.push({
            // Not the time at which it was stored, which may be later.
            at: at(Math.min(event.sinceMs, (sent?.sinceMs ?? event.sinceMs) + result.ms)),
            event: 'answered',
            attempt,
            detail: {
              ms: result.ms,
              status: answered.status,
              errcode: answered.errcode ?? null,
              rid: answered.rid ?? null,
              code: answered.code ?? null,
            },
          });
        }
        if (retry) {
          const { reason, afterMs } = retry;
          const unanswered = result.status === undefined ? unansweredOf(result) : null;
          events.push({ at: at(event.sinceMs), event: 'retried', attempt, detail: { reason, afterMs, unanswered } });
        }
        last = retry ? undefined : { ...answered, ms: result.ms };
        break;
      }
      case 'parked':
        events.push({
          at: at(event.sinceMs),
          event: 'parked',
          attempt: null,
          detail: { reason: event.reason, until: at(event.untilMs) },
        });
        break;
      case 'callback': {
        const { result, status } = event;
        events.push({
          at: at(event.sinceMs),
          event: 'callback',
          attempt: null,
          detail: { result, status: status ?? null },
        });
        break;
      }
      default:
        event satisfies never;
    }
  }
  return last;
}

/** Of two at the same time, the one that was added first comes first, but a callback follows the outcome. */
function inOrder(events: readonly TimelineEvent[]): TimelineEvent[] {
  const rank = ({ event }: TimelineEvent) => (event === 'callback' ? 1 : 0);
  return events.toSorted((a, b) => a.at.getTime() - b.at.getTime() || rank(a) - rank(b));
}

function kindOf({ background, channel, inline }: RecordFields): CallKind {
  if (background === '1') return 'background';
  // What an inline call leaves has no channel: its caller has the answer.
  return inline === '1' || channel === undefined ? 'inline' : 'queued';
}

function isFailure({ outcome, errcode }: RecordFields): boolean {
  return (
    outcome === 'failed' || (outcome === 'completed' && errcode !== undefined && errcode !== '' && errcode !== '0')
  );
}

function failureCodeOf({ outcome, told }: RecordFields): string | null {
  if (outcome !== 'failed' || told === undefined) return null;
  return (JSON.parse(told) as { readonly code: string }).code;
}

function unansweredOf(result: AttemptResult | undefined): Unanswered | null {
  return result?.code === undefined ? null : { code: result.code, ms: result.ms };
}

function answeredBy({ status, errcode, rid }: RecordFields): Omit<AttemptResult, 'ms'> {
  return {
    status: status === undefined || status === '0' ? undefined : Number(status),
    errcode: errcode ? Number(errcode) : undefined,
    rid: rid || undefined,
  };
}
