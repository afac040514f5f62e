import { expect, it } from 'vitest';
import { check } from './checker.ts';
import { FAULTS } from './faults/all-faults.ts';
import { OptionsError, readOptions } from './options.ts';
import { lineOf, withReport } from './report.ts';
import { newestRuns, type RunResult } from './results.ts';
import { exitCodeOf, judge } from './targets.ts';

const PAGE = `# Chaos

<!-- results: written by npm run chaos -- --report -->
old
<!-- end of the results -->
after
`;

it('judges by the limits: a missed duration is exit code 2, any other missed promise 1', () => {
  const { findings } = result({});
  expect(exitCodeOf(judge(findings, { lost: 0, outageMs: 0 }))).toBe(0);
  const slow = { ...findings, outageMs: 6_001 };
  expect(exitCodeOf(judge(slow, { lost: 0, outageMs: 6_000 }))).toBe(2);
  expect(exitCodeOf(judge({ ...slow, lost: ['x'] }, { lost: 0, outageMs: 6_000 }))).toBe(1);
  expect(exitCodeOf(judge({ ...slow, lost: ['x'] }, { lost: 1, outageMs: 7_000 }))).toBe(0);
});

it('prints a run in one line, and each missed promise with examples', () => {
  const { findings } = result({});
  const lost = result({ findings: { ...findings, lost: ['h1 background x'], outageMs: 2_345 } });
  expect(lineOf(lost, judge(lost.findings, { lost: 1 }))).toMatch(
    /outage 2\.3 s, slowest 0\.0 s, lost 1 of 0.* – held$/,
  );
  expect(lineOf(lost, judge(lost.findings, { lost: 0 }))).toMatch(
    /accepted calls lost: 1, limit 0\n +h1 background x$/,
  );
});

it('writes the worst of all runs of a fault between the marks of the page', () => {
  const { findings } = result({});
  const runs = [
    result({ seed: 7, findings: { ...findings, outageMs: 1_000, accepted: 100 } }),
    result({ seed: 8, findings: { ...findings, outageMs: 6_500, accepted: 50, lost: ['x'] } }),
  ];
  const page = withReport(PAGE, new Map([['primary-kill', runs]]));
  expect(page).toMatch(/^# Chaos\n/);
  expect(page).toMatch(/\nafter\n$/);
  expect(page).not.toContain('old');
  expect(page).toMatch(
    /\| `primary-kill` \| 2 \| 6\.5 s \(6\.0 s\) \| 0\.0 s \| 1 \(1 of 150 in all\) .*\*\*not held:\*\* .*7, 8; abc1234 \|/,
  );
  expect(page).toContain('- `primary-kill`, seed 8: accepted calls lost 1, limit 0');
  expect(page).toMatch(/\| an accepted background call \| lost \| 1 in 2 runs \(primary-kill 1\) \|/);
  expect(page).toContain('Not run: `primary-freeze`');
  expect(() => withReport('# Chaos', new Map())).toThrow('lost the marks');
});

it('takes the runs of the newest commit of each fault, and never mixes places', () => {
  const stored = [
    result({ commit: 'old', seed: 1 }),
    result({ seed: 2, hosts: 'processes' }),
    result({ seed: 3 }),
    result({ seed: 4 }),
    result({ fault: 'cut', commit: 'old', seed: 5 }),
  ];
  const runs = newestRuns(stored);
  expect(runs.get('primary-kill')?.map(({ seed }) => seed)).toEqual([3, 4]);
  expect(runs.get('cut')?.map(({ seed }) => seed)).toEqual([5]);
});

it('reads its options, and names a mistake', () => {
  expect(readOptions([], 42)).toMatchObject({ faults: FAULTS, runs: 3, seed: 42, run: true, report: false });
  expect(readOptions(['--report'], 42)).toMatchObject({ run: false, report: true });
  const one = readOptions(['--fault', 'cut', '--runs', '1', '--seed', '5', '--report'], 42);
  expect(one).toMatchObject({ runs: 1, seed: 5, run: true, report: true });
  expect(one.faults.map(({ name }) => name)).toEqual(['cut']);
  expect(() => readOptions(['--fault', 'fire'], 42)).toThrow(OptionsError);
  expect(() => readOptions(['--runs', '0'], 42)).toThrow('--runs must be a whole number from 1');
  expect(() => readOptions(['--what'], 42)).toThrow(OptionsError);
});

function result(fields: Partial<RunResult>): RunResult {
  const moments = {
    at: 0,
    healedAt: 0,
    cutHosts: [],
    cutAddresses: [],
    killedNodes: [],
    expiries: 0,
    startedNode: null,
  };
  return {
    fault: 'primary-kill',
    commit: 'abc1234',
    seed: 1,
    startedAt: '2026-11-29T05:00:00.000Z',
    hosts: 'namespaces',
    machine: { cores: 2, load: 0.1, node: '24.0.0', redis: '7.0.15' },
    moments,
    findings: check({ callers: [], wechat: [], moments }),
    ...fields,
  };
}
