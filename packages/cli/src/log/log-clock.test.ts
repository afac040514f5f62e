import { pino } from 'pino';
import { expect, it } from 'vitest';
import { logClock } from './log-clock.ts';

it.each([
  [0, false],
  [-999, false],
  [1_001, true],
  [-120_000, true],
])('a clock that is %i ms ahead of Redis’ is warned of: %s', async (aheadMs, isWarned) => {
  const lines: string[] = [];
  await logClock({ clockAheadMs: async () => aheadMs }, pino({}, { write: (line) => void lines.push(line) }));
  expect(lines.map((line) => JSON.parse(line).aheadMs)).toEqual(isWarned ? [aheadMs] : []);
});
