import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { type EventPayloads, Events } from '../events.ts';
import { Hints } from '../redis/hints.ts';
import { publishReadiness } from './publish-readiness.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('publishes each change in its order, with the reasons of one that is not ready', async () => {
  const subscriber = server.connect();
  const events = new Events();
  const seen: EventPayloads['readiness'][] = [];
  events.subscribe('readiness', (event) => seen.push(event));
  try {
    const hints = new Hints(subscriber);
    publishReadiness(hints, server.redis, events);
    const announce = (component: string, ready: 0 | 1) =>
      server.redis.publish(hints.channels.readiness, `${server.redis.keyspace.ready(component)} ${ready}`);
    await until('it listens', async () => (await announce('wxc', 0)) > 0);
    await announce('wxd', 1);
    await until('both are published', () => Promise.resolve(seen.length === 2));
    expect(seen).toEqual([
      { component: 'wxc', ready: false, reasons: ['no_ticket'] },
      { component: 'wxd', ready: true, reasons: [] },
    ]);
  } finally {
    subscriber.disconnect();
  }
});
