import { expect, it } from 'vitest';
import { RepeatedLines } from './repeated-lines.ts';

const refused = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:6379' };

function linesAt(clock: { now: number }): { lines: RepeatedLines; written: unknown[] } {
  const written: unknown[] = [];
  const log = { warn: (...line: unknown[]) => void written.push(line) };
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
