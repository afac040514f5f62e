import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EventPayloads, Events } from '@wxthirdparty/platform';
import { afterEach, expect, it } from 'vitest';
import { definitions } from './definitions.ts';
import { openMetrics } from './metrics.ts';
import { metricsEndpoint } from './metrics-endpoint.ts';
import type { GaugeSources } from './read-gauges.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const component = {
  component: 'wxc',
  ready: false,
  ticket: undefined,
  tokenExpiresAt: new Date(5_000),
  overdueMs: 1_500,
};
const queue = { name: 'calls', description: '', waiting: 3, active: 1, delayed: 0, failed: 2, oldestMs: 2_500 };
const primary = {
  address: 'h1:1',
  role: 'primary',
  up: true,
  memory: { used: 3, max: 4 },
  replicas: 1,
  lagMs: null,
} as const;
const replica = { ...primary, address: 'h2:1', role: 'replica', up: false, memory: null } as const;

/** Metrics of a process whose servers answer as stated. */
function opened(up: { readonly redis: boolean; readonly database: boolean }) {
  const events = new Events();
  const reads: string[] = [];
  const read = <State>(name: string, state: State) => {
    reads.push(name);
    return Promise.resolve(state);
  };
  const sources: GaugeSources = {
    health: () => Promise.resolve(up),
    redisServers: () =>
      Promise.resolve(up.redis ? { answering: ['h1:1'], missing: [] } : { answering: [], missing: ['h1:1'] }),
    alarms: { openCounts: () => read('alarms', { page: 1, warn: 0 }) },
    sharedState: {
      components: () => read('components', [component]),
      queueStates: () => read('queues', [queue]),
      redisState: () =>
        read('servers', {
          ...{ kind: 'sentinel', servers: [primary, replica] },
          ...{ minReplicasToWrite: 1, evictionPolicy: 'noeviction', aof: true },
        } as const),
      authorizers: () => read('authorizers', [{ component: 'wxc', state: 'active', count: 7 }]),
      subscriptions: () => read('subscriptions', { active: 1, failing: 0, paused: 2 }),
      deliveries: () => read('deliveries', { pending: 4, oldestAt: null }),
    },
  };
  const what = { version: '1.2.3', roles: ['worker'], components: ['wxc'], queues: ['calls'] } as const;
  const metrics = openMetrics({ ...sources, ...what, events });
  closers.push(() => metrics.close());
  const lines = async () => (await metrics.text()).split('\n').filter((line) => line.startsWith('wx_'));
  return { events, metrics, reads, lines };
}

it('exports every metric with its type', async () => {
  const { metrics } = opened({ redis: true, database: true });
  const types = [...(await metrics.text()).matchAll(/^# TYPE wx_(\w+) (\w+)$/gm)].map(([, ...found]) => found);
  const expected = Object.entries(definitions).map(([name, { type }]) => [name, type]);
  expect(types.toSorted()).toEqual(expected.toSorted());
});

it('exports what it reads of shared state, and reads it once, however often it is scraped', async () => {
  const { lines, metrics, reads } = opened({ redis: true, database: true });
  await Promise.all([metrics.text(), metrics.text()]);
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'wx_component_ready{component="wxc"} 0',
      'wx_component_token_expires_timestamp_seconds{component="wxc"} 5',
      'wx_due_oldest_seconds{component="wxc"} 1.5',
      'wx_queue_jobs{queue="calls",state="waiting"} 3',
      'wx_queue_oldest_seconds{queue="calls"} 2.5',
      'wx_redis_up{server="h1:1",role="primary"} 1',
      'wx_redis_up{server="h2:1",role="replica"} 0',
      'wx_redis_memory_ratio{server="h1:1"} 0.75',
      'wx_authorizers{component="wxc",state="active"} 7',
      'wx_subscriptions{state="paused"} 2',
      'wx_deliveries_pending 4',
      'wx_deliveries_oldest_seconds 0',
      'wx_alarms_open{severity="page"} 1',
      'wx_database_up 1',
      'wx_build_info{version="1.2.3",role="worker"} 1',
    ]),
  );
  expect(reads.toSorted()).toEqual(
    ['alarms', 'authorizers', 'components', 'deliveries', 'queues', 'servers', 'subscriptions'].toSorted(),
  );
  // The component has no ticket.
  expect((await lines()).filter((line) => line.startsWith('wx_ticket_'))).toEqual([]);
});

it.each([
  [{ redis: false, database: true }, /^wx_(?:component_ready|queue_|redis_memory|alarms_open|due_)/, /^wx_authorizers/],
  [{ redis: true, database: false }, /^wx_(?:authorizers|subscriptions|deliveries_(?:pending|oldest))/, /^wx_queue_/],
])('what is read from a server that does not answer is absent: %j', async (up, absent, present) => {
  const { lines } = opened(up);
  const found = await lines();
  expect(found.filter((line) => absent.test(line))).toEqual([]);
  expect(found.some((line) => present.test(line))).toBe(true);
  expect(found).toContain(`wx_redis_up{server="h1:1",role="primary"} ${up.redis ? 1 : 0}`);
  expect(found).toContain(`wx_database_up ${up.database ? 1 : 0}`);
});

it('answers scrapes, refuses others, and counts both by their route', async () => {
  const { metrics, events } = opened({ redis: true, database: true });
  const answers: EventPayloads['http'][] = [];
  events.subscribe('http', (event) => answers.push(event));
  const server = createServer(metricsEndpoint(metrics, events, 'a-token')).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  const send = async (init: RequestInit) => {
    const response = await fetch(url, init);
    return [response.status, (await response.text()).includes('wx_build_info')];
  };
  const headers = { authorization: 'Bearer a-token' };
  expect(await send({ headers })).toEqual([200, true]);
  expect(await send({ headers, method: 'HEAD' })).toEqual([200, false]);
  expect(await send({ headers, method: 'POST', body: 'x' })).toEqual([405, false]);
  expect(await send({})).toEqual([403, false]);
  await expect
    .poll(() => answers.map(({ route, method, status }) => [route, method, status]))
    .toEqual([
      ['/metrics', 'GET', 200],
      ['/metrics', 'HEAD', 200],
      ['/metrics', 'POST', 405],
      ['/metrics', 'GET', 403],
    ]);
});
