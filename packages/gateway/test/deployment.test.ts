import { expect, test } from 'vitest';
import { apiKey, COMPONENT, fakePlatform } from './fake-platform.ts';
import { bearer, openGateway } from './open-gateway.ts';

test('the activity covers 24 hours unless the request names others, of one component or of all', async () => {
  const platform = fakePlatform();
  const asked: unknown[] = [];
  const { read } = platform.activityHistories;
  platform.activityHistories = {
    read(period) {
      asked.push(period);
      return read(period);
    },
  };
  const gateway = await openGateway(platform);
  const activity = (query: string) => fetch(`${gateway.url}/v1/activity${query}`, { headers: bearer });
  const answer = (await (await activity('')).json()) as { from: string; calls: { failed: number[] } };
  expect(answer).toMatchObject({ from: '1970-01-01T00:00:00.000Z', stepMs: 300_000 });
  expect(answer.calls.failed).toHaveLength(288);
  expect((await activity(`?hours=48&component=${COMPONENT}`)).status).toBe(200);
  expect(asked).toEqual([{ hours: 24 }, { hours: 48, component: COMPONENT }]);
  for (const hours of ['0', '49', '1.5', 'a']) expect((await activity(`?hours=${hours}`)).status).toBe(400);
});

test('a key that is restricted to accounts does not see what all accounts do', async () => {
  const platform = fakePlatform();
  platform.given.set('wxk_all', apiKey({ scopes: ['authorizers:read'] }));
  platform.given.set('wxk_one', apiKey({ scopes: ['authorizers:read'], accounts: ['wxa0000000000000001'] }));
  const gateway = await openGateway(platform);
  const status = async (key: string, path: string) =>
    (await fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } })).status;
  expect(await status('wxk_all', '/v1/activity')).toBe(200);
  expect(await status('wxk_one', '/v1/activity')).toBe(403);
  for (const path of ['/v1/processes', '/v1/redis', '/v1/queues']) expect(await status('wxk_all', path)).toBe(403);
});

test('processes, Redis and queues are read without an entry in the audit, since consoles poll them', async () => {
  const platform = fakePlatform();
  const at = new Date(0);
  platform.processes = async () => [
    { id: 'p', role: 'node', version: '1', startedAt: at, heartbeatAt: at, address: 'host:3000', lagMs: 2 },
  ];
  const state = { waiting: 1, active: 0, delayed: 0, failed: 0, oldestMs: 5 };
  platform.queueStates = async () => [{ name: 'calls', description: 'calls', ...state }];
  platform.liveWorkers = async () => 3;
  const gateway = await openGateway(platform);
  const read = async (path: string) => (await fetch(gateway.url + path, { headers: bearer })).json();
  const time = '1970-01-01T00:00:00.000Z';
  expect(await read('/v1/processes')).toEqual({
    items: [
      { id: 'p', role: 'node', version: '1', startedAt: time, heartbeatAt: time, address: 'host:3000', lagMs: 2 },
    ],
    next: null,
  });
  expect(await read('/v1/queues')).toEqual({
    items: [{ name: 'calls', description: 'calls', ...state, workers: 3 }],
    next: null,
  });
  expect(await read('/v1/redis')).toMatchObject({ kind: 'standalone', servers: [] });
  expect(platform.audited).toEqual([]);
});
