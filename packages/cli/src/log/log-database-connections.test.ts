import { pino } from 'pino';
import { expect, it } from 'vitest';
import { logDatabaseConnections } from './log-database-connections.ts';

it.each([
  [undefined, false],
  [{ needed: 105, permitted: 151 }, false],
  [{ needed: 106, permitted: 151 }, true],
])('%o connections are warned of: %s', async (connections, isWarned) => {
  const lines: string[] = [];
  const log = pino({}, { write: (line) => void lines.push(line) });
  await logDatabaseConnections({ databaseConnections: async () => connections }, log);
  expect(lines.map((line) => JSON.parse(line).needed)).toEqual(isWarned ? [connections?.needed] : []);
});
