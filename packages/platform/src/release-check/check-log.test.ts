import { expect, it } from 'vitest';
import { addReport, type CheckLog, endIfIdle, IDLE_TIMEOUT_MS, stepsOf } from './check-log.ts';
import type { ReceivedStep, StepReport } from './step-report.ts';

let entries = 0;
function report(name: StepReport['name'], changes: Partial<StepReport> = {}): ReceivedStep {
  const at = 1_000 * ++entries;
  const rest = { code: null, ms: 5, expected: null, got: null, state: 'ok' } as const;
  return { component: 'wxc', appid: 'wxa', entry: `${entries}-0`, at, name, ...rest, ...changes };
}

/** The checks that the reports make, the latest last. */
function checks(...reports: ReceivedStep[]): CheckLog[] {
  const logs: CheckLog[] = [];
  for (const one of reports) {
    const added = addReport(logs.at(-1), one);
    if (added?.change === 'new') logs.push(added.log);
    else if (added) logs[logs.length - 1] = added.log;
  }
  return logs;
}
const names = (log: CheckLog | undefined) => log && stepsOf(log).map(({ name, state, code }) => [name, state, code]);
const pending = { state: 'pending', ms: null } as const;

it('a check starts with any step, and passes with the end of the consent', () => {
  const all = [report('text'), report('authorized'), report('event'), report('api_text', pending), report('api_text')];
  const [running] = checks(...all);
  expect(running).toMatchObject({ state: 'running', finishedAt: null });
  const last = report('unauthorized', { expectsCode: true });
  const [log] = checks(...all, last);
  expect(log).toMatchObject({ state: 'passed', finishedAt: new Date(last.at) });
  expect(names(log)?.map(([name]) => name)).toEqual(['text', 'authorized', 'event', 'api_text', 'unauthorized']);
});

it('one failed step fails the check', () => {
  const failed = report('api_text', { state: 'failed', code: 'send_failed' });
  const [log] = checks(report('authorized'), failed, report('unauthorized', { expectsCode: true }));
  expect(log?.state).toBe('failed');
  expect(names(log)).toContainEqual(['api_text', 'failed', 'send_failed']);
});

it('the last report of a step counts, since WeChat delivers a push again if it missed the answer', () => {
  const [log] = checks(report('text', { state: 'failed', code: 'too_slow' }), report('text'), report('unauthorized'));
  expect(log?.state).toBe('passed');
  expect(names(log)).toEqual([
    ['text', 'ok', null],
    ['unauthorized', 'ok', null],
  ]);
});

it('a check whose code is still being used ends with the result, which another job reports', () => {
  const steps = [report('authorized'), report('api_text', pending), report('unauthorized', { expectsCode: true })];
  expect(checks(...steps)).toMatchObject([{ state: 'running' }]);
  expect(names(checks(...steps)[0])).toEqual([
    ['authorized', 'ok', null],
    ['unauthorized', 'ok', null],
  ]);
  expect(checks(...steps, report('api_text'))).toMatchObject([{ state: 'passed' }]);
});

it('the start of a step that is reported after its result changes nothing', () => {
  const steps = [report('authorized'), report('api_text'), report('api_text', pending)];
  const end = report('unauthorized', { expectsCode: true });
  expect(names(checks(...steps)[0])).toContainEqual(['api_text', 'ok', null]);
  expect(checks(...steps, end)).toMatchObject([{ state: 'passed', finishedAt: new Date(end.at) }]);
  // The result was reported after the end that it belongs before.
  const late = [report('authorized'), report('api_text', pending)];
  const last = report('unauthorized', { expectsCode: true });
  const result = report('api_text', { at: late[1]!.at });
  expect(checks(...late, last, result)).toMatchObject([{ state: 'passed', finishedAt: new Date(last.at) }]);
});

it('a code that never came fails the check, if a message set was granted', () => {
  const [log] = checks(report('authorized'), report('unauthorized', { expectsCode: true }));
  expect(log?.state).toBe('failed');
  expect(names(log)).toContainEqual(['api_text', 'failed', 'not_received']);
  expect(checks(report('authorized'), report('unauthorized', { expectsCode: false }))).toMatchObject([
    { state: 'passed' },
  ]);
});

it('a repeated report changes nothing, also after the end', () => {
  const steps = [report('authorized'), report('text'), report('api_text'), report('unauthorized')];
  expect(checks(...steps, ...steps)).toEqual(checks(...steps));
});

it('a late report is not the start of another check, a later one is', () => {
  const first = [report('authorized'), report('unauthorized')];
  const late = report('text', { at: first[0]!.at });
  expect(checks(...first, late)).toHaveLength(1);
  expect(checks(...first, report('unauthorized'))).toHaveLength(1);
  expect(checks(...first, report('text'))).toMatchObject([{ state: 'passed' }, { state: 'running' }]);
});

it('a check without an end is over ten minutes after its last step', () => {
  const [log] = checks(report('authorized'), report('api_text', pending));
  const lastAt = log!.reports[1]!.at;
  expect(endIfIdle(log!, lastAt + IDLE_TIMEOUT_MS - 1)).toBeUndefined();
  const ended = endIfIdle(log!, lastAt + IDLE_TIMEOUT_MS);
  expect(ended?.state).toBe('failed');
  expect(names(ended)).toEqual([
    ['authorized', 'ok', null],
    ['api_text', 'failed', 'no_worker'],
  ]);
});
