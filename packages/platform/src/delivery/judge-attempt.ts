import type { EndedAttempt } from './attempt.ts';
import type { DeliveryCode, DeliveryState, FailedAttempt } from './delivery.ts';
import { givesUp, isNeverHandled, retryDelayMs } from './retry-plan.ts';

/** A receiver's refusal explains itself in its first words. */
const MAX_EXCERPT_BYTES = 1_024;
const MAX_FAILURES = 10;

/** What the next state of a delivery depends on. */
export interface JudgedDelivery {
  readonly attemptCount: number;
  readonly openedAt: Date;
  /** The last failed attempts, the oldest first. */
  readonly failures: readonly FailedAttempt[];
}

export interface Judgement {
  readonly state: DeliveryState;
  /** When it is due again; null: it is settled. */
  readonly pendingAt: Date | null;
  readonly status: number | null;
  readonly code: DeliveryCode | null;
  readonly ms: number | null;
  /** With this attempt, if it failed; undefined: as before. */
  readonly failures: readonly FailedAttempt[] | undefined;
}

/** What an attempt that ended at `at` makes of its delivery. */
export function judgeAttempt(
  delivery: JudgedDelivery,
  outcome: EndedAttempt,
  terms: {
    readonly at: Date;
    readonly giveUpAfterMs: number;
    /** The start of the answer. */
    readonly answer: string | null;
    readonly random?: () => number;
  },
): Judgement {
  const { at } = terms;
  const { status, ms } = outcome;
  if (outcome.kind === 'delivered') {
    return { state: 'delivered', pendingAt: null, status, code: null, ms, failures: undefined };
  }
  const failed = { number: delivery.attemptCount + 1, at, status, code: outcome.code, ms, answer: terms.answer };
  const failures = [...delivery.failures, failed].slice(-MAX_FAILURES);
  // A reopened delivery has the whole schedule again.
  const count = failures.filter((failure) => failure.at.getTime() >= delivery.openedAt.getTime()).length;
  const dead = (code: DeliveryCode): Judgement => ({ state: 'dead', pendingAt: null, status, code, ms, failures });
  if (outcome.notHandled && isNeverHandled(count)) return dead('not_handled');
  if (givesUp(delivery.openedAt, at, terms.giveUpAfterMs)) return dead('gave_up');
  const retryMs = Math.max(retryDelayMs(count, terms.random), outcome.holdMs ?? 0);
  const pendingAt = new Date(at.getTime() + retryMs);
  return { state: 'pending', pendingAt, status, code: outcome.code, ms, failures };
}

/** The payload opens under no listed key, so that no attempt is possible. */
export const notOpenable: Judgement = {
  state: 'dead',
  pendingAt: null,
  status: null,
  code: 'not_openable',
  ms: null,
  failures: undefined,
};

/** The start of an answer as text; null: it is empty. */
export function excerptOf(body: Buffer): string | null {
  if (body.length === 0) return null;
  // A character that is cut off at the end, or is no text, becomes U+FFFD.
  return body
    .subarray(0, MAX_EXCERPT_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/u, '');
}
