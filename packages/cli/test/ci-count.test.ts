import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const COUNT = fileURLToPath(new URL('../../../.ci/count.mjs', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-count-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function report(name: string, numPassedTests: number, numFailedTests = 0, numPendingTests = 0, testResults?: object[]) {
  const counts = { numPassedTests, numFailedTests, numPendingTests, numTodoTests: 0, testResults };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(counts));
}

/** The last line, the exit code, and the lines before that name what failed. */
function count(...codes: string[]): [string, number | null, string[]] {
  const { stdout, status } = spawnSync(process.execPath, [COUNT, folder, ...codes], { encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  return [lines.at(-1)!, status, lines.slice(0, -1)];
}

it('the tests of all runs are summed', () => {
  report('all', 2_000);
  for (const clock of ['a', 'b']) report(`clock-${clock}`, 100);
  expect(count('all=0', 'clock-a,clock-b=0')).toEqual(['2200 passed, 0 failed', 0, []]);
  report('clock-a', 97, 3, 2);
  expect(count('all=0', 'clock-a,clock-b=1')).toMatchObject(['2197 passed, 3 failed, 2 skipped', 1, []]);
});

it('a run that failed outside a test counts as one failed test', () => {
  report('all', 12);
  expect(count('all=1')).toEqual(['12 passed, 1 failed', 1, [expect.stringMatching(/^FAILED all: .*outside a test/)]]);
  report('all', 12, 2);
  expect(count('all=1')).toEqual(['12 passed, 2 failed', 1, []]);
});

it('a missing or broken report counts as one failed test, whatever the exit code', () => {
  const missing = ['0 passed, 1 failed', 1, [expect.stringMatching(/^FAILED all: .*without a report/)]];
  expect(count('all=137')).toEqual(missing);
  expect(count('all=0')).toEqual(missing);
  writeFileSync(join(folder, 'all.json'), '{"numPassed');
  expect(count('all=0')).toEqual(missing);
});

it('each missing report of one run counts, beside the failed tests of another', () => {
  report('all', 2_000);
  report('clock-c', 100, 1);
  report('clock-d', 100);
  const [last, code] = count('all=0', 'clock-a,clock-b,clock-c,clock-d=1');
  expect([last, code]).toEqual(['2200 passed, 3 failed', 1]);
});

describe('before the last line', () => {
  const file = (name: string, assertionResults: object[], message = '', status = 'failed') => ({
    ...{ name: join(process.cwd(), name), status, message, assertionResults },
  });
  const test = (fullName: string, ...failureMessages: string[]) => ({
    ...{ fullName, status: failureMessages.length > 0 ? 'failed' : 'passed', failureMessages },
  });

  it('each failed test is named with its file and the first line of its error', () => {
    const error = '\u001b[31mError: not within 120000 ms: ready\u001b[39m\n    at until (until.ts:31:13)';
    report('all', 1, 1, 0, [
      file('e2e/good.test.ts', [test('the story is good')], '', 'passed'),
      file('e2e/bad.test.ts', [test('the story is good'), test('the story is bad', error, 'another')]),
    ]);
    report('clock-a', 1, 1, 0, [
      file('packages/b.test.ts', [test('counts days', 'AssertionError: expected 1 to be 2')]),
    ]);
    expect(count('all=1', 'clock-a=1')).toEqual([
      '2 passed, 2 failed',
      1,
      [
        'FAILED all: e2e/bad.test.ts > the story is bad: Error: not within 120000 ms: ready',
        'FAILED clock-a: packages/b.test.ts > counts days: AssertionError: expected 1 to be 2',
      ],
    ]);
  });

  it('a file that failed outside its tests is named', () => {
    report('all', 1, 0, 0, [file('e2e/bad.test.ts', [test('is good')], 'Error: the hook failed\n    at …')]);
    const [last, code, named] = count('all=1');
    expect([last, code, named[0]]).toEqual([
      '1 passed, 1 failed',
      1,
      'FAILED all: e2e/bad.test.ts: Error: the hook failed',
    ]);
  });

  it('very many failed tests and very long errors are cut', () => {
    const tests = Array.from({ length: 80 }, (_, i) => test(`test ${i}`, 'x'.repeat(5_000)));
    report('all', 0, 80, 0, [file('e2e/bad.test.ts', tests)]);
    const [last, , named] = count('all=1');
    expect(last).toBe('0 passed, 80 failed');
    expect(named).toHaveLength(51);
    expect(named.at(-1)).toBe('FAILED … and 30 more');
    expect(Math.max(...named.map((line) => line.length))).toBeLessThan(500);
  });
});
