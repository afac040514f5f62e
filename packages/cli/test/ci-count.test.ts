import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CLOCKS } from '../bootstrap/clock-tests.mjs';

const COUNT = fileURLToPath(new URL('../../../.ci/count.mjs', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-count-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function report(name: string, numPassedTests: number, numFailedTests = 0, numPendingTests = 0): void {
  const counts = { numPassedTests, numFailedTests, numPendingTests, numTodoTests: 0 };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(counts));
}

/** The last line, and the exit code. */
function count(...codes: string[]): [string, number | null] {
  const { stdout, status } = spawnSync(process.execPath, [COUNT, folder, ...codes], { encoding: 'utf8' });
  return [stdout.trimEnd().split('\n').at(-1)!, status];
}

it('the tests of all runs are summed', () => {
  report('all', 2_000);
  for (const { name } of CLOCKS) report(`clock-${name}`, 100);
  expect(count('all=0', 'clock=0')).toEqual([`${2_000 + 100 * CLOCKS.length} passed, 0 failed`, 0]);
  report(`clock-${CLOCKS[0]!.name}`, 97, 3, 2);
  expect(count('all=0', 'clock=1')).toEqual([`${1_997 + 100 * CLOCKS.length} passed, 3 failed, 2 skipped`, 1]);
});

it('without a run under other clocks, only the present one counts', () => {
  report('all', 12);
  expect(count('all=0')).toEqual(['12 passed, 0 failed', 0]);
});

it('a run that failed outside a test counts as one failed test', () => {
  report('all', 12);
  expect(count('all=1')).toEqual(['12 passed, 1 failed', 1]);
  report('all', 12, 2);
  expect(count('all=1')).toEqual(['12 passed, 2 failed', 1]);
});

it('a missing or broken report counts as one failed test, whatever the exit code', () => {
  expect(count('all=137')).toEqual(['0 passed, 1 failed', 1]);
  expect(count('all=0')).toEqual(['0 passed, 1 failed', 1]);
  writeFileSync(join(folder, 'all.json'), '{"numPassed');
  expect(count('all=0')).toEqual(['0 passed, 1 failed', 1]);
});

it('each clock without a report counts, beside the failed tests of another', () => {
  report('all', 2_000);
  CLOCKS.forEach(({ name }, i) => {
    if (i > 1) report(`clock-${name}`, 100, i === 2 ? 1 : 0);
  });
  expect(count('all=0', 'clock=1')).toEqual([`${2_000 + 100 * (CLOCKS.length - 2)} passed, 3 failed`, 1]);
});
