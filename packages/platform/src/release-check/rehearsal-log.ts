import type { CheckLog, LoggedStep } from './check-log.ts';
import type { StepResult } from './judge-answer.ts';
import type { CheckStepName } from './release-check.ts';
import type { StoredCheck } from './release-check-store.ts';

/** Longer than any step takes. */
const SILENT_TIMEOUT_MS = 90_000;

/** In their order. */
export const REHEARSAL_STEPS = [
  'address',
  'ticket',
  'ready',
  'text',
  'event',
  'api_text',
  'configuration',
] as const satisfies readonly CheckStepName[];

export const SKIPPED: StepResult = { state: 'skipped', code: null, ms: null, expected: null, got: null };

export function withStep(log: CheckLog, name: CheckStepName, result: StepResult, at = Date.now()): CheckLog {
  return { ...log, reports: [...log.reports, logged(name, result, at)] };
}

/** After its last step. */
export function ended(log: CheckLog, at: Date): CheckLog {
  const failed = log.reports.some(({ state }) => state === 'failed');
  return { ...log, state: failed ? 'failed' : 'passed', finishedAt: at };
}

/** The end of a rehearsal that no worker runs; the steps that it has not tried are skipped. */
export function withoutWorker({ reports }: Pick<CheckLog, 'reports'>, at: Date): CheckLog {
  const missing = REHEARSAL_STEPS.filter((name) => !reports.some((report) => report.name === name));
  const result = (name: CheckStepName): StepResult =>
    name === 'api_text' ? { ...SKIPPED, state: 'failed', code: 'no_worker' } : SKIPPED;
  const all = [...reports, ...missing.map((name) => logged(name, result(name), at.getTime()))];
  return { reports: all, state: 'failed', finishedAt: at };
}

/** What a rehearsal that has not advanced for a long time is: no worker runs it any more. */
export function endIfSilent(check: StoredCheck, now = Date.now()): CheckLog | undefined {
  if (check.kind !== 'rehearsal' || check.state !== 'running') return undefined;
  const lastAt = Math.max(check.startedAt.getTime(), ...check.reports.map(({ at }) => at));
  return now - lastAt < SILENT_TIMEOUT_MS ? undefined : withoutWorker(check, new Date(lastAt + SILENT_TIMEOUT_MS));
}

function logged(name: CheckStepName, result: StepResult, at: number): LoggedStep {
  return { entry: name, at, name, ...result };
}
