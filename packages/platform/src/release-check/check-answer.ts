import { type BothLanguages, detailOf } from './check-texts.ts';
import type { CheckStep, ReleaseCheck } from './release-check.ts';

/** A step as callers and subscriptions read it. */
export interface CheckStepAnswer extends CheckStep {
  readonly detail: BothLanguages;
}

/** Member by member, so that nothing that is added to a check gets out by itself. */
export function releaseCheckAnswer(check: ReleaseCheck) {
  return {
    id: check.id,
    component: check.component,
    kind: check.kind,
    appid: check.appid,
    state: check.state,
    startedAt: check.startedAt,
    finishedAt: check.finishedAt,
    steps: check.steps.map(stepAnswer),
  };
}

function stepAnswer({ name, state, code, ms, expected, got }: CheckStep): CheckStepAnswer {
  return { name, state, code, detail: detailOf({ name, code }), ms, expected, got };
}
