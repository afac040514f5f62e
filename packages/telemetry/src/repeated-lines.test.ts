import { expect, it } from 'vitest';
import { RepeatedLines } from './repeated-lines.ts';

const refused = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:6379' };

function linesAt(clock: { now: number }): { lines: RepeatedLines; written: unknown[] } {
  const written: unknown[] = [];
  const write = (...line: unknown[]) => void written.push(line);
  const log = { warn: write, error: write };
  return { lines: new RepeatedLines(log, () => clock.now), written };
}

it('writes one line a minute for each cause, with the number of those that it did not write', () => {
  const clock = { now: 0 };
  const { lines, written } = linesAt(clock);
  for (const queue of ['calls', 'pushes', 'lanes']) lines.warn('queue', refused, { queue }, 'queue error');
  lines.warn('queue', { message: 'Connection is closed.' }, { queue: 'calls' }, 'queue error');
  clock.now = 59_999;
  lines.warn('queue', refused, { queue: 'calls' }, 'queue error');
  clock.now = 60_000;
  lines.warn('queue', refused, { queue: 'lanes' }, 'queue error');
  expect(written).toEqual([
    [{ queue: 'calls' }, 'queue error'],
    [{ queue: 'calls' }, 'queue error'],
    [{ queue: 'lanes', repeated: 3 }, 'queue error'],
  ]);
});

it('treats errors with one code as one cause, also if their messages differ', () => {
  const { lines, written } = linesAt({ now: 0 });
  const other = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED ::1:6379' };
  lines.warn('queue', refused, {}, 'queue error');
  lines.warn('queue', other, {}, 'queue error');
  expect(written).toHaveLength(1);
});

it('does not hide the failure of one component behind that of another, nor that of one server', () => {
  const { lines, written } = linesAt({ now: 0 });
  for (const component of ['wxa', 'wxb', 'wxa']) lines.warn(`repair ${component}`, refused, { component }, 'repair');
  lines.warn('queue', refused, {}, 'queue error');
  expect(written).toEqual([
    [{ component: 'wxa' }, 'repair'],
    [{ component: 'wxb' }, 'repair'],
    [{}, 'queue error'],
  ]);
});

it('treats messages without a code as one cause if they differ in ids and numbers only', () => {
  const { lines, written } = linesAt({ now: 0 });
  for (const id of ['1', '7e-2'])
    lines.warn('queue', { message: `could not renew lock for job ${id}` }, {}, 'queue error');
  lines.warn('queue', { message: 'Connection is closed.' }, {}, 'queue error');
  expect(written).toHaveLength(2);
});

it('at the end of an outage returns what it suppressed meanwhile, and reports the next one at once', () => {
  const clock = { now: 0 };
  const { lines, written } = linesAt(clock);
  const fail = (source: string, times: number) => {
    for (let i = 0; i < times; i++) lines.warn(source, refused, {}, 'queue error');
  };
  fail('older', 3);
  clock.now = 30_000;
  fail('queue', 101);
  clock.now = 32_000;
  fail('journal', 51);
  clock.now = 36_000;
  // Noticed two seconds after the first failure.
  expect(lines.endOutage(4_000)).toBe(150);
  expect(written).toHaveLength(3);
  fail('queue', 2);
  fail('older', 1);
  expect(written).toHaveLength(4);
  expect(lines.endOutage(0)).toBe(1);
});

it('a fault that lasts for minutes is one, also for the count at its end', () => {
  const clock = { now: 0 };
  const { lines, written } = linesAt(clock);
  for (; clock.now < 180_000; clock.now += 1_000) lines.warn('queue', refused, {}, 'queue error');
  expect(written).toHaveLength(3);
  expect(lines.endOutage(178_000)).toBe(177);
});
