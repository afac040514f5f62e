import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOCKS, clockTests, takeClocks } from '../bootstrap/clock-tests.mjs';
import { assertShifted, findFakeTime, howToGetFakeTime, shiftedClock } from '../bootstrap/faketime.mjs';
import { root } from '../bootstrap/root.mjs';

const HOUR_MS = 3_600_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-clock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the tests that run under other clocks', () => {
  it('are those whose text names days, zones or what is computed from them', () => {
    const tests = {
      'a/src/night.test.ts': "it('comes in a night of Beijing', () => {});",
      'a/src/day.test.ts': 'const DAY_MS = 24 * 60 * 60_000;',
      'a/test/hours.test.ts': 'expect(new Date(at).getUTCHours()).toBe(2);',
      'a/src/sum.test.ts': 'expect(outcome(1, 2)).toBe(3);',
      'a/src/day.ts': 'export const DAY_MS = 1;',
      'a/node_modules/b/beijing.test.ts': 'Beijing',
    };
    for (const [path, text] of Object.entries(tests)) {
      mkdirSync(join(folder, 'packages', path, '..'), { recursive: true });
      writeFileSync(join(folder, 'packages', path), text);
    }
    expect(clockTests(folder)).toEqual([
      'packages/a/src/day.test.ts',
      'packages/a/src/night.test.ts',
      'packages/a/test/hours.test.ts',
    ]);
  });

  it('include those of quotas, growth and reconciliation', () => {
    const tests = clockTests(root).join('\n');
    for (const name of ['ledger', 'clears', 'forecast', 'follower-store', 'reconcil', 'beijing-time', 'quota-table']) {
      expect(tests).toContain(`/${name}`);
    }
  });
});

describe('the clocks', () => {
  it('are at four or more hours of the Beijing day, and not all in one zone', () => {
    const hours = CLOCKS.map(({ at }) => new Date(Date.parse(at) + 8 * HOUR_MS).getUTCHours());
    expect(new Set(hours).size).toBeGreaterThanOrEqual(4);
    expect(new Set(CLOCKS.map(({ zone }) => zone)).size).toBeGreaterThan(1);
  });

  it('are all that there are, or those of --clocks=', () => {
    expect(takeClocks(['a.test.ts', '--bail=1'])).toEqual({ clocks: CLOCKS, others: ['a.test.ts', '--bail=1'] });
    const { clocks, others } = takeClocks(['--clocks=morning,leap-day', 'a.test.ts']);
    expect([clocks.map(({ name }) => name), others]).toEqual([['morning', 'leap-day'], ['a.test.ts']]);
    expect(() => takeClocks(['--clocks=evening'])).toThrow(/no clock "evening"; there are month-end, leap-day/);
  });

  it('of .ci/run exist, and its count expects the report of each', () => {
    const run = readFileSync(join(root, '.ci/run'), 'utf8');
    const { clocks } = takeClocks([/--clocks=\S+/.exec(run)![0]]);
    expect(clocks.length).toBeGreaterThan(0);
    expect(run).toContain(`${clocks.map(({ name }) => `clock-${name}`).join(',')}=$?`);
  });

  it('are an offset, so that processes started at different moments agree', () => {
    const { TZ, FAKETIME } = shiftedClock('/no/libfaketime.so.1', {
      at: '2031-01-01T00:00:00Z',
      zone: 'Asia/Shanghai',
    });
    expect(TZ).toBe('Asia/Shanghai');
    expect(FAKETIME).toMatch(/^\+\d+$/);
    const past = shiftedClock('/no/libfaketime.so.1', { at: '2001-01-01T00:00:00Z', zone: 'UTC' });
    expect(past.FAKETIME).toMatch(/^-\d+$/);
  });

  it('are refused if a program does not see them', () => {
    const clock = { at: '2031-01-01T00:00:00Z', zone: 'UTC' };
    expect(() => assertShifted(process.execPath, {}, clock)).toThrow(/libfaketime has no effect/);
    const now = new Date().toISOString();
    expect(() => assertShifted(process.execPath, {}, { at: now, zone: 'UTC' })).not.toThrow();
  });
});

it('a missing libfaketime is named with the command that installs it', () => {
  expect(findFakeTime([folder])).toBeUndefined();
  expect(howToGetFakeTime()).toContain('sudo apt-get install faketime');
  mkdirSync(join(folder, 'faketime'));
  writeFileSync(join(folder, 'faketime', 'libfaketime.so.1'), '');
  expect(findFakeTime([folder])).toBe(join(folder, 'faketime', 'libfaketime.so.1'));
});
