import { expect, it } from 'vitest';
import { causeOf, RepeatedLines } from './repeated-lines.ts';

it('writes one line a minute for each cause, and says how many it did not write', () => {
  let now = 0;
  const written: unknown[] = [];
  const lines = new RepeatedLines({ warn: (...line: unknown[]) => void written.push(line) }, () => now);
  for (const queue of ['calls', 'pushes', 'lanes']) lines.warn('ECONNREFUSED', { queue }, 'queue error');
  lines.warn('OOM', { queue: 'calls' }, 'queue error');
  now = 59_999;
  lines.warn('ECONNREFUSED', { queue: 'calls' }, 'queue error');
  now = 60_000;
  lines.warn('ECONNREFUSED', { queue: 'lanes' }, 'queue error');
  expect(written).toEqual([
    [{ queue: 'calls' }, 'queue error'],
    [{ queue: 'calls' }, 'queue error'],
    [{ queue: 'lanes', repeated: 3 }, 'queue error'],
  ]);
});

it('takes the code of an error for its cause, and the message of one without', () => {
  expect(causeOf(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  expect(causeOf(new Error('Connection is closed.'))).toBe('Connection is closed.');
});
