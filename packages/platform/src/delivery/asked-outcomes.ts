import type { BulkStep } from '../database/bulk.ts';
import type { Events } from '../events.ts';
import { markReplied } from '../journal/push-row.ts';
import type { Seals } from '../sealing/seals.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { AskedOutcome } from './asked-outcome.ts';
import { type EndedAttempt, isNotHandled, isUnconnected } from './attempt.ts';
import type { Circuits } from './circuits.ts';
import { ASKED } from './delivery-rows.ts';
import { sealFailures } from './failures.ts';
import { type HealthNews, healthSteps, newsOf } from './health-steps.ts';
import { type Judgement, judgeAttempt } from './judge-attempt.ts';
import { giveUpAfterMsOf } from './retry-plan.ts';
import { type DeliveryReply, type SettledAttempt, settleSteps } from './settle-steps.ts';
import type { SubscriptionPauses } from './subscription-pauses.ts';

/** An outcome as the journaler reads it from the stream. */
export interface JournaledOutcome {
  readonly subscription: Subscription;
  readonly component: string;
  readonly push: string;
  readonly outcome: AskedOutcome;
}

export interface AskedOutcomeParts {
  readonly seals: Seals;
  readonly events: Events;
  readonly circuits: Pick<Circuits, 'check'>;
  readonly pauses: Pick<SubscriptionPauses, 'pauseAutomatically'>;
  readonly retentionMs: number;
}

/** Settles the deliveries to endpoints that gateways have asked. */
export class AskedOutcomes {
  readonly #parts: AskedOutcomeParts;

  constructor(parts: AskedOutcomeParts) {
    this.#parts = parts;
  }

  /**
   * For the journaler's transaction, behind the insertion of the deliveries. A worker that has taken a delivery over keeps it.
   * `committed` is to be called after the transaction.
   */
  steps(outcomes: readonly JournaledOutcome[]): { readonly steps: BulkStep[]; committed(): Promise<void> } {
    const news: HealthNews[] = [];
    const settled: SettledAttempt[] = [];
    const replied: LateKnownReply[] = [];
    const answered = outcomes
      .filter(({ outcome }) => outcome.reply?.state === 'passive')
      .map(({ component, push: id }) => ({ component, id, replied: 'passive' as const }));
    for (const { subscription, component, push, outcome } of outcomes) {
      const key = { subscription: subscription.id, push };
      const reply = outcome.reply ? { ...outcome.reply, callId: null } : undefined;
      if (reply?.state === 'invalid' || reply?.state === 'dropped') {
        this.#parts.events.publish('reply', { component, push, kind: 'passive', result: reply.reason ?? reply.state });
      }
      if (outcome.attempt === null) {
        if (reply) replied.push({ ...key, reply });
        continue;
      }
      const at = new Date(outcome.at + outcome.attempt.ms);
      const attempt = attemptOf(subscription, outcome.attempt);
      const { failures, ...judged } = this.#judge(subscription, attempt, outcome.attempt.answer, at);
      const failuresSealed = failures && sealFailures(this.#parts.seals, key, failures);
      settled.push({ ...key, attempts: 0, isAttempt: true, ...judged, failuresSealed, reply, at });
      news.push(newsOf(subscription.id, judged, attempt, at));
      const isPassive = reply?.state === 'passive';
      this.#publish(component, key, judged, isPassive);
    }
    return {
      steps: [
        ...settleSteps(settled),
        ...replySteps(replied),
        ...(answered.length === 0 ? [] : [markReplied(answered)]),
        ...healthSteps(news),
      ],
      committed: () => this.#followUp(news),
    };
  }

  #judge({ giveUpAfterMs }: Subscription, attempt: EndedAttempt, answer: string | null, at: Date): Judgement {
    const first = { attemptCount: 0, openedAt: at, failures: [] };
    return judgeAttempt(first, attempt, {
      at,
      answer,
      giveUpAfterMs: giveUpAfterMsOf(giveUpAfterMs, this.#parts.retentionMs),
    });
  }

  async #followUp(news: readonly HealthNews[]): Promise<void> {
    const { circuits, pauses } = this.#parts;
    for (const [id, own] of Map.groupBy(news, ({ subscription }) => subscription)) {
      if (own.some(({ code }) => code === 'gone')) await pauses.pauseAutomatically(id, 'gone');
      else if (own.some(({ counts }) => counts)) await circuits.check(id);
    }
  }

  #publish(
    component: string,
    key: { readonly subscription: string; readonly push: string },
    { state, status, code, ms }: Omit<Judgement, 'failures'>,
    isPassive: boolean,
  ): void {
    const result = state === 'pending' ? 'failed' : state;
    // It was sent when the push was accepted.
    const reply = isPassive ? 'passive' : undefined;
    const sent = { lagMs: ms ?? 0, attempt: 1, reply } as const;
    this.#parts.events.publish('delivery', { ...key, component, result, status, code, ms, ...sent });
  }
}

function attemptOf(
  { format }: Subscription,
  { status, code, ms, retryAfterMs }: NonNullable<AskedOutcome['attempt']>,
): EndedAttempt {
  if (code === null) return { kind: 'delivered', status: status ?? 0, ms };
  // Only messages and events are asked.
  const notHandled = isNotHandled(format, status);
  return {
    kind: 'failed',
    code,
    status,
    ms,
    counts: !notHandled && retryAfterMs === null,
    unconnected: isUnconnected(code),
    notHandled,
    holdMs: retryAfterMs,
  };
}

interface LateKnownReply {
  readonly subscription: string;
  readonly push: string;
  readonly reply: DeliveryReply;
}

/** Replies that became known after their deliveries were settled. */
function replySteps(replied: readonly LateKnownReply[]): BulkStep[] {
  if (replied.length === 0) return [];
  return [
    {
      each:
        'update deliveries set reply_state = ?, reply_reason = ? ' +
        'where subscription = ? and push = ? and reply_state = ?',
      width: 5,
      key: [2, 3],
      values: replied.flatMap(({ subscription, push, reply }) => [
        reply.state,
        reply.reason,
        subscription,
        push,
        ASKED,
      ]),
    },
  ];
}
