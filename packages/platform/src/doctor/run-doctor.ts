import { Failure } from '@wxthirdparty/wechat';
import { withDeadline } from '../deadline.ts';
import type { BothLanguages } from '../release-check/check-texts.ts';
import { Scope } from '../scope.ts';
import type { Check } from './check.ts';
import { type CheckName, checkNames } from './check-name.ts';
import { checks } from './checks.ts';
import { DoctorContext } from './doctor-context.ts';
import type { DoctorSettings } from './doctor-settings.ts';
import { type Fault, type Finding, failing, NotJudged, quoted, text } from './finding.ts';

const CHECK_TIMEOUT_MS = 5_000;
/** With the time in which connections are closed. */
const EXAMINATION_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 2_000;

export const checkStatuses = ['ok', 'warn', 'fail', 'skipped'] as const;
export type CheckStatus = (typeof checkStatuses)[number];

/** The result of one check: the gravest of its faults, and the others. */
export interface CheckResult {
  readonly name: CheckName;
  readonly status: CheckStatus;
  /** Stable, snake_case; null: ok or skipped. */
  readonly code: string | null;
  readonly cause: BothLanguages | null;
  readonly remedy: BothLanguages | null;
  readonly command: string | null;
  readonly found: string | null;
  readonly also: readonly Fault[];
  readonly ms: number;
}

/**
 * Runs the checks, or those that `only` names, at the same time. Never rejects: whatever is unavailable is a result. It changes
 * nothing, except that `component-token` may fetch a component token under the lease, and that a nonce is in Redis for a moment.
 */
export async function runDoctor(
  settings: DoctorSettings,
  only?: readonly CheckName[],
  checkTimeoutMs: number = CHECK_TIMEOUT_MS,
): Promise<CheckResult[]> {
  const ending = new AbortController();
  const scope = new Scope();
  const context = new DoctorContext(settings, scope, ending.signal);
  const startedAt = performance.now();
  const fetching: Promise<unknown>[] = [];
  const names = only === undefined ? checkNames : checkNames.filter((name) => only.includes(name));
  const results = await Promise.all(
    names.map((name) => {
      const check: Check = name === 'settings' ? () => settings.checkSettings() : checks[name];
      return runCheck(name, check, context, fetching, checkTimeoutMs);
    }),
  );
  const remainingMs = () => Math.max(0, EXAMINATION_TIMEOUT_MS - (performance.now() - startedAt));
  const late = () => new Error('no end in time');
  await withDeadline(Promise.allSettled(fetching), Math.max(0, remainingMs() - CLOSE_TIMEOUT_MS), late).catch(() => {});
  ending.abort();
  // Whatever cannot be closed belongs to a server that does not answer.
  await withDeadline(scope.close(), Math.min(CLOSE_TIMEOUT_MS, remainingMs()), late).catch(() => {});
  return results;
}

async function runCheck(
  name: CheckName,
  check: Check,
  context: DoctorContext,
  fetching: Promise<unknown>[],
  timeoutMs: number,
): Promise<CheckResult> {
  const startedAt = performance.now();
  const work = Promise.resolve().then(() => check(context));
  // Also after its time: a token that WeChat has issued must be stored.
  if (name === 'component-token') fetching.push(work);
  const finding = await withDeadline(work, timeoutMs, () => new TimedOut()).catch(findingOfError);
  return resultOf(name, finding, Math.round(performance.now() - startedAt));
}

class TimedOut extends Error {}

function findingOfError(error: unknown): Finding {
  if (error instanceof NotJudged) return error.finding;
  if (error instanceof TimedOut) return { faults: [timedOut], found: null };
  return { faults: [broken(error)], found: null };
}

const timedOut = failing({
  code: 'timed_out',
  cause: text('This check had no result after 5 seconds.', '该检查 5 秒内没有结果。'),
  remedy: text(
    'What it asks answers too slowly, or this host is overloaded. Run the checks again later, or this one alone by the command line (--only).',
    '被检查的对象响应过慢，或本机负载过高。请稍后重试，或在命令行用 --only 单独运行。',
  ),
});

/** Messages of other errors than ours can quote what they concern. */
function broken(error: unknown): Fault {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  const shown = error instanceof Failure ? error.message : String(code ?? name ?? 'unknown error');
  return failing({
    code: 'check_failed',
    cause: text(`The check could not be carried out: ${quoted(shown).en}`, `检查无法完成：${quoted(shown).zh}`),
    remedy: text(
      'Repair what the other checks name, and run it again. If it remains, report it as a fault of the program.',
      '先处理其他检查项指出的问题再重试；若仍出现，请作为程序缺陷反馈。',
    ),
  });
}

export function resultOf(name: CheckName, finding: Finding, ms: number): CheckResult {
  const nothing = { code: null, cause: null, remedy: null, command: null, found: null, also: [], ms };
  if ('skipped' in finding) {
    return { name, status: 'skipped', ...nothing, cause: finding.skipped, remedy: finding.remedy };
  }
  const { faults, found } = finding;
  const [gravest, ...also] = [...faults].sort((one, other) => rank(one) - rank(other));
  if (gravest === undefined) return { name, status: 'ok', ...nothing, found };
  const { status, code, cause, remedy, command } = gravest;
  return { name, status, code, cause, remedy, command, found, also, ms };
}

function rank({ status }: Fault): number {
  return status === 'fail' ? 0 : 1;
}
