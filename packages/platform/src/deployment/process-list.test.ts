import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { announceProcess, type LiveProcess } from './live-processes.ts';
import { listProcesses, lostProcesses } from './process-list.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('lists the processes by their heartbeats; one of an older version reports less', async () => {
  const older: LiveProcess = {
    ...{ id: 'older', roles: ['gateway'], version: '0.1.0', format: 3, schemaVersion: 8, startedAt: 1_000 },
  };
  const node: LiveProcess = { ...older, id: 'node', roles: ['gateway', 'worker'], startedAt: 2_000 };
  const before = Date.now();
  await announceProcess(server.redis, { ...node, address: 'host:3000', lagMs: 7 });
  await announceProcess(server.redis, older);
  const [first, second, ...others] = await listProcesses(server.redis);
  expect(others).toEqual([]);
  expect(first).toEqual({
    id: 'older',
    role: 'gateway',
    version: '0.1.0',
    startedAt: new Date(1_000),
    heartbeatAt: expect.any(Date),
    address: null,
    lagMs: null,
  });
  expect(second).toMatchObject({ id: 'node', role: 'node', address: 'host:3000', lagMs: 7 });
  expect(second!.heartbeatAt.getTime()).toBeGreaterThan(before - 1_000);
});

it('a process is lost if its heartbeat ended 30 seconds to 10 minutes ago, unless it was shutting down', async () => {
  await server.redis.flushall();
  const { processes } = server.redis.keyspace;
  const process: LiveProcess = {
    ...{ id: 'live', roles: ['worker'], version: '0.1.0', format: 3, schemaVersion: 8, startedAt: 1_000 },
  };
  const [seconds] = await server.redis.time();
  const seen = (id: string, agoS: number, changes: Partial<LiveProcess> = {}) =>
    server.redis.hset(
      processes,
      id,
      JSON.stringify({ ...process, ...changes, id, seenAt: (Number(seconds) - agoS) * 1_000 }),
    );
  await Promise.all([
    seen('late', 5),
    seen('lost', 60, { address: 'h2:3000' }),
    seen('stopped', 60, { closing: true }),
    seen('forgotten', 3_600),
  ]);
  await announceProcess(server.redis, process);
  expect(await lostProcesses(server.redis)).toMatchObject([{ id: 'lost', role: 'worker', address: 'h2:3000' }]);
  expect(await server.redis.hkeys(processes)).not.toContain('forgotten');
});
