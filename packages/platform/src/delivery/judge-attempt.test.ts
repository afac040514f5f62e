import { describe, expect, it } from 'vitest';
import type { FailedOutcome } from './attempt.ts';
import type { FailedAttempt } from './delivery.ts';
import { excerptOf, judgeAttempt } from './judge-attempt.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const openedAt = new Date('2026-11-28T00:00:00Z');
const later = (ms: number) => new Date(openedAt.getTime() + ms);
const failed: FailedOutcome = {
  kind: 'failed',
  code: 'status',
  status: 500,
  ms: 7,
  counts: true,
  unconnected: false,
  notHandled: false,
  holdMs: null,
};

function failuresAt(...times: readonly number[]): FailedAttempt[] {
  return times.map((ms, i) => ({ number: i + 1, at: later(ms), status: 500, code: 'status', ms: 1, answer: null }));
}

function judge(outcome: FailedOutcome, failures: readonly FailedAttempt[], at: Date, giveUpAfterMs = 3 * DAY_MS) {
  const delivery = { attemptCount: failures.length, openedAt, failures };
  return judgeAttempt(delivery, outcome, { at, giveUpAfterMs, answer: 'no', random: () => 0.5 });
}

describe('a failed attempt', () => {
  it('is followed by another one, and is recorded', () => {
    expect(judge(failed, [], later(1_000))).toEqual({
      state: 'pending',
      pendingAt: later(6_000),
      status: 500,
      code: 'status',
      ms: 7,
      failures: [{ number: 1, at: later(1_000), status: 500, code: 'status', ms: 7, answer: 'no' }],
    });
  });

  it('follows the schedule until the delivery is given up, and keeps the last ten failed attempts', () => {
    let failures: readonly FailedAttempt[] = [];
    let [at, attempts] = [openedAt, 0];
    for (;;) {
      const delivery = { attemptCount: attempts, openedAt, failures };
      const terms = { at, giveUpAfterMs: 5 * DAY_MS, answer: null, random: () => 0.5 };
      const judged = judgeAttempt(delivery, failed, terms);
      failures = judged.failures!;
      attempts++;
      if (judged.pendingAt === null) {
        expect(judged).toMatchObject({ state: 'dead', code: 'gave_up', status: 500 });
        break;
      }
      at = judged.pendingAt;
    }
    // Eight steps in 20 h 42 min 35 s, then one a day.
    expect(attempts).toBe(14);
    expect(failures.map(({ number }) => number)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(at.getTime()).toBeGreaterThan(openedAt.getTime() + 5 * DAY_MS);
  });

  it('of a delivery that waited longer than it is retried was its last one', () => {
    expect(judge(failed, [], later(4 * DAY_MS))).toMatchObject({ state: 'dead', code: 'gave_up' });
  });

  it('of a reopened delivery starts the schedule again, and the numbers go on', () => {
    const before = failuresAt(-10_000, -9_000, -8_000);
    const judged = judge(failed, before, later(0));
    expect(judged).toMatchObject({ state: 'pending', pendingAt: later(5_000) });
    expect(judged.failures!.at(-1)!.number).toBe(4);
  });

  it('is repeated no earlier than the receiver asks for', () => {
    expect(judge({ ...failed, holdMs: 60_000 }, [], openedAt).pendingAt).toEqual(later(60_000));
    expect(judge({ ...failed, holdMs: 1_000 }, [], openedAt).pendingAt).toEqual(later(5_000));
  });
});

it('a push without a handler is sent three times', () => {
  const outcome = { ...failed, status: 404, notHandled: true, counts: false };
  expect(judge(outcome, failuresAt(0), later(6_000))).toMatchObject({ state: 'pending', code: 'status' });
  const last = judge(outcome, failuresAt(0, 6_000), later(40_000));
  expect(last).toMatchObject({ state: 'dead', pendingAt: null, code: 'not_handled', status: 404 });
});

it('a delivered push is settled', () => {
  const outcome = { kind: 'delivered', status: 204, ms: 3 } as const;
  const delivery = { attemptCount: 1, openedAt, failures: failuresAt(0) };
  const judged = judgeAttempt(delivery, outcome, { at: later(5_000), giveUpAfterMs: DAY_MS, answer: null });
  const settled = { state: 'delivered', pendingAt: null, status: 204, code: null, ms: 3, failures: undefined };
  expect(judged).toEqual(settled);
});

it('an excerpt of an answer has at most 1 kB, and no half character at its end', () => {
  expect(excerptOf(Buffer.from(''))).toBeNull();
  expect(excerptOf(Buffer.from('not today'))).toBe('not today');
  const cut = excerptOf(Buffer.from(`a${'中'.repeat(1_000)}`))!;
  expect(cut).toBe(`a${'中'.repeat(341)}`);
});
