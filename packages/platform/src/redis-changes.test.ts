import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { until } from '../test/until.ts';
import { type EventPayloads, Events } from './events.ts';
import { Failovers, publishReconnections } from './redis-changes.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

function published() {
  const events = new Events();
  const seen: EventPayloads['redis'][] = [];
  events.subscribe('redis', (event) => seen.push(event));
  return { events, seen };
}

it('a server in place of another one is a failover; one that is added, removed or away for a moment is none', () => {
  const { events, seen } = published();
  const failovers = new Failovers(events);
  failovers.see(['a:1', 'b:1']);
  failovers.see([]);
  failovers.see(['a:1', 'b:1', 'c:1']);
  failovers.see(['a:1', 'b:1']);
  expect(seen).toEqual([]);
  failovers.see(['a:1', 'd:1']);
  expect(seen).toEqual([{ what: 'failover', server: 'd:1' }]);
});

it('a connection that was lost and is back is one event, with the server', async () => {
  const { events, seen } = published();
  const redis = server.connect();
  try {
    await redis.ping();
    publishReconnections(redis, events);
    const id = await redis.client('ID');
    await server.redis.call('CLIENT', 'KILL', 'ID', String(id));
    await until('it is connected again', () => Promise.resolve(seen.length > 0));
    await redis.ping();
    expect(seen).toEqual([{ what: 'reconnected', server: expect.stringMatching(/:\d+$/), ms: expect.any(Number) }]);
  } finally {
    redis.disconnect();
  }
});
