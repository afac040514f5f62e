import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { openQueues, queues } from './open-queues.ts';
import { Scope } from './scope.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('the names of the queues do not change: jobs of other versions are in them', () => {
  expect(Object.keys(queues)).toEqual([
    'pushes',
    'authorizations',
    'release-checks',
    'rehearsals',
    'refreshes',
    'ticket-refreshes',
    'calls',
    'lanes',
    'callbacks',
    'deliveries',
    'replays',
    'late-replies',
    'erasures',
    'profiles',
    'reconciliations',
    'follower-syncs',
    'quotas',
    'quota-alarms',
  ]);
});

it('every queue of the table is opened under its name, with its contract, and closed with the scope', async () => {
  const scope = new Scope();
  const opened = openQueues(server.redis, scope);
  expect(Object.entries(opened).map(([name, { queue, contract }]) => [name, queue.name, contract])).toEqual(
    Object.entries(queues).map(([name, contract]) => [name, name, contract]),
  );
  await scope.close();
  expect(Object.values(opened).every(({ queue }) => queue.closing !== undefined)).toBe(true);
});
