import type { CheckCode, CheckStep, CheckStepName, ReleaseCheck } from './release-check.ts';
import type { ReceivedStep } from './step-report.ts';

/** A test account that sends nothing for so long is no longer being checked. */
export const IDLE_TIMEOUT_MS = 10 * 60_000;
/** WeChat's case 3 takes seconds; more reports than this are not from one check. */
const MAX_REPORTS = 100;

/** A report as it is stored: the account is the check's. */
export type LoggedStep = Omit<ReceivedStep, 'component' | 'appid'>;

/** A check and everything that was reported of it, in the order of its entries. */
export type CheckLog = Pick<ReleaseCheck, 'state' | 'finishedAt'> & { readonly reports: readonly LoggedStep[] };

/**
 * What a report does to the account's latest check. `new`: it starts another one. `undefined`: it changes nothing, since it
 * is late, or was counted before. The journaler may repeat reports, and processes report out of order.
 */
export function addReport(latest: CheckLog | undefined, { component: _, appid: __, ...report }: ReceivedStep) {
  if (latest?.reports.some(({ entry }) => entry === report.entry)) return undefined;
  if (latest?.state === 'running') {
    if (latest.reports.length >= MAX_REPORTS) return undefined;
    return { change: 'changed', log: settled({ ...latest, reports: [...latest.reports, report] }) } as const;
  }
  const isLate = latest?.finishedAt != null && report.at <= latest.finishedAt.getTime();
  if (isLate || report.name === 'unauthorized') return undefined;
  return { change: 'new', log: { state: 'running', finishedAt: null, reports: [report] } satisfies CheckLog } as const;
}

/** The log of a check that ended without `unauthorized`; undefined while it may go on. */
export function endIfIdle(log: CheckLog, now: number): CheckLog | undefined {
  const lastAt = lastAtOf(log);
  return now - lastAt < IDLE_TIMEOUT_MS ? undefined : finished(log, lastAt + IDLE_TIMEOUT_MS);
}

/** The last report of each step, in the order in which the steps began. */
export function stepsOf({ reports, state }: Pick<CheckLog, 'reports' | 'state'>): CheckStep[] {
  const latest = latestOf(reports);
  const steps = [...latest.values()].flatMap(({ name, state: of, code, ms, expected, got }): CheckStep[] => {
    if (of !== 'pending') return [{ name, state: of, code, ms, expected, got }];
    return state === 'running' ? [] : [failedStep(name, 'no_worker')];
  });
  const lacksCode = reports.some(({ expectsCode }) => expectsCode) && !latest.has('api_text');
  return lacksCode ? [...steps, failedStep('api_text', 'not_received')] : steps;
}

/** Where WeChat delivered a push again, the last report counts; but a result before the start, which may be reported late. */
function latestOf(reports: readonly LoggedStep[]): ReadonlyMap<CheckStepName, LoggedStep> {
  const latest = new Map<CheckStepName, LoggedStep>();
  for (const report of reports) {
    if (report.state !== 'pending' || !latest.has(report.name)) latest.set(report.name, report);
  }
  return latest;
}

/** It ends with `unauthorized`, once the result of the code is known: the two are reported by different jobs. */
function settled(log: CheckLog): CheckLog {
  const latest = latestOf(log.reports);
  const isOver = latest.has('unauthorized') && latest.get('api_text')?.state !== 'pending';
  return isOver ? finished(log, lastAtOf(log)) : log;
}

function finished({ reports }: CheckLog, at: number): CheckLog {
  const failed = stepsOf({ reports, state: 'failed' }).some(({ state }) => state === 'failed');
  return { reports, state: failed ? 'failed' : 'passed', finishedAt: new Date(at) };
}

function failedStep(name: CheckStepName, code: CheckCode): CheckStep {
  return { name, state: 'failed', code, ms: null, expected: null, got: null };
}

function lastAtOf({ reports }: Pick<CheckLog, 'reports'>): number {
  return Math.max(...reports.map(({ at }) => at));
}
