import type { Findings } from './checker.ts';

type Measure = Exclude<keyof Findings, 'degraded'>;

/** What is measured, in the words of the report, and whether a missed limit is an error or only late. */
export const MEASURES = {
  requests: { name: 'requests', kind: 'count' },
  accepted: { name: 'accepted calls', kind: 'count' },
  pushesAccepted: { name: 'accepted pushes', kind: 'count' },
  lost: { name: 'accepted calls lost', kind: 'correctness' },
  sentTwice: { name: 'sent twice', kind: 'correctness' },
  sentTwiceInWindow: { name: 'sent twice in the window', kind: 'correctness' },
  heldBack: { name: 'held back by the cut, sent when the host was back', kind: 'correctness' },
  refusedYetSent: { name: 'refused, yet sent', kind: 'correctness' },
  unclearYetSent: { name: 'unclear (503), and sent', kind: 'correctness' },
  outcomeUnknown: { name: 'outcome unknown', kind: 'correctness' },
  unknownThoughAnswered: { name: 'outcome unknown though WeChat answered', kind: 'correctness' },
  orderViolations: { name: 'order violations', kind: 'correctness' },
  pushesLost: { name: 'accepted pushes lost', kind: 'correctness' },
  pushesTwice: { name: 'pushes under two ids', kind: 'correctness' },
  pushesRefused: { name: 'pushes refused', kind: 'correctness' },
  extraTokens: { name: 'extra tokens', kind: 'correctness' },
  tokenErrors: { name: 'token errors seen by callers', kind: 'correctness' },
  outsideContract: { name: 'answers outside the contract', kind: 'correctness' },
  failedBefore: { name: 'failed before the fault', kind: 'correctness' },
  failed: { name: 'failed requests', kind: 'correctness' },
  notReady: { name: '/readyz not 200', kind: 'correctness' },
  outageMs: { name: 'outage', kind: 'duration' },
  slowestMs: { name: 'slowest request', kind: 'duration' },
  slowestPushMs: { name: 'slowest accepted push', kind: 'duration' },
  slowestBackgroundMs: { name: 'slowest departure of a background call', kind: 'duration' },
  nodeStartMs: { name: 'node started meanwhile: first accepted push', kind: 'duration' },
} as const satisfies Record<Measure, { readonly name: string; readonly kind: 'count' | 'correctness' | 'duration' }>;

/** The largest permitted value of a measure; those without a limit are only reported. */
export type Targets = Partial<Record<Measure, number>>;

/** What holds under every fault. */
export const ALWAYS: Targets = {
  failedBefore: 0,
  lost: 0,
  sentTwice: 0,
  refusedYetSent: 0,
  orderViolations: 0,
  pushesLost: 0,
  pushesTwice: 0,
  extraTokens: 1,
  tokenErrors: 0,
  outsideContract: 0,
};

/** Also holds where WeChat's answers reach the node that sent the call. */
export const ALWAYS_WITH_ANSWERS: Targets = { ...ALWAYS, unknownThoughAnswered: 0 };

export interface Verdict {
  readonly measure: Measure;
  readonly value: number;
  readonly atMost: number;
  readonly held: boolean;
}

export function measured(findings: Findings, measure: Measure): number {
  const value = findings[measure];
  // Where no node was started there is nothing to measure, and results of an earlier version lack later measures.
  if (value === null || value === undefined) return 0;
  return typeof value === 'number' ? value : value.length;
}

export function judge(findings: Findings, targets: Targets): Verdict[] {
  return (Object.entries(targets) as [Measure, number][]).map(([measure, atMost]) => {
    const value = measured(findings, measure);
    return { measure, value, atMost, held: value <= atMost };
  });
}

/** 0: every promise held. 1: one about correctness did not. 2: only a duration was missed. */
export function exitCodeOf(verdicts: readonly Verdict[]): 0 | 1 | 2 {
  const missed = verdicts.filter(({ held }) => !held);
  if (missed.some(({ measure }) => MEASURES[measure].kind !== 'duration')) return 1;
  return missed.length > 0 ? 2 : 0;
}
