import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { announceProcess, type LiveProcess } from './live-processes.ts';
import { listProcesses } from './process-list.ts';

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
