import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { type EventPayloads, Events } from '../events.ts';
import type { Actor } from '../key/audit.ts';
import { Hints } from '../redis/hints.ts';
import { Seals } from '../sealing/seals.ts';
import { announceSubscriptionChange } from './announce-change.ts';
import { newSecrets } from './secrets.ts';
import type { SubscriptionFilter } from './subscription.ts';
import { SubscriptionSnapshot } from './subscription-snapshot.ts';
import { SubscriptionStore } from './subscription-store.ts';

const by: Actor = { id: 'API_KEY', address: null, requestId: null };
const push = { type: 'message.text', component: 'wxc', appid: 'wxa' };

let database: TestDatabase;
let server: TestRedis;
let store: SubscriptionStore;
let snapshot: SubscriptionSnapshot;
beforeAll(async () => {
  database = await startDatabase();
  server = await startRedis();
  store = new SubscriptionStore(database.sql, new Seals([randomBytes(32)]));
});
afterAll(async () => {
  await server?.stop();
  await database?.stop();
});
beforeEach(async () => {
  await database.sql.deleteFrom('subscriptions').execute();
  await server.redis.flushall();
  snapshot = new SubscriptionSnapshot({ redis: server.redis, store, events: new Events() });
});

function create(filter: SubscriptionFilter = {}, into = store) {
  const secrets = newSecrets('json', { token: null, encodingAesKey: null });
  return into.create(
    {
      ...{ name: 'n', url: 'https://app.example.com/', messageUrl: null, format: 'json', mode: null, component: null },
      ...{ filter, reply: null, maxInFlight: 10, timeoutMs: 15_000, giveUpAfterMs: null, secrets },
    },
    by,
  );
}
const matching = (of = snapshot) => of.matching(push).map(({ id }) => id);

it('a snapshot is not loaded until it was read once, even if there are no subscriptions', async () => {
  expect(snapshot.isLoaded).toBe(false);
  await snapshot.refresh();
  expect(snapshot.isLoaded).toBe(true);
  expect(matching()).toEqual([]);
});

it('a refresh reads every change that was announced before it', async () => {
  await snapshot.refresh();
  const first = await create();
  await announceSubscriptionChange(server.redis);
  const other = await create({ accounts: ['wxb'] });
  await announceSubscriptionChange(server.redis);
  await snapshot.refresh();
  expect(matching()).toEqual([first.id]);
  expect(snapshot.find(other.id)).toEqual(other);

  await store.change(other.id, { filter: { accounts: ['wxa'] } }, by);
  await store.delete(first.id, by);
  await announceSubscriptionChange(server.redis);
  // Two at the same time both return with the change.
  await Promise.all([snapshot.refresh(), snapshot.refresh()]);
  expect(matching()).toEqual([other.id]);
  expect(snapshot.find(first.id)).toBeUndefined();
});

it('a refresh reads nothing from the database while nothing was announced', async () => {
  let reads = 0;
  const counting = new SubscriptionSnapshot({
    redis: server.redis,
    events: new Events(),
    store: {
      versions: () => {
        reads++;
        return store.versions();
      },
      read: (ids) => store.read(ids),
    },
  });
  await counting.refresh();
  await counting.refresh();
  expect(reads).toBe(1);
  await announceSubscriptionChange(server.redis);
  await counting.refresh();
  expect(reads).toBe(2);
});

it('only what has changed is opened again', async () => {
  const [first, second] = [await create(), await create()];
  await snapshot.refresh();
  const before = snapshot.find(first.id);
  await store.change(second.id, { name: 'other' }, by);
  await announceSubscriptionChange(server.redis);
  await snapshot.refresh();
  expect(snapshot.find(second.id)?.name).toBe('other');
  expect(snapshot.find(first.id)).toBe(before);
});

it('matching subscriptions come from the oldest to the newest, without paused ones', async () => {
  const made = [await create(), await create(), await create(), await create()].map(({ id }) => id);
  await database.sql.updateTable('subscriptions').set({ created_at: 7 }).execute();
  await database.sql.updateTable('subscriptions').set({ created_at: 5 }).where('id', '=', made[3]!).execute();
  await database.sql.updateTable('subscriptions').set({ state: 'paused' }).where('id', '=', made[1]!).execute();
  await database.sql.updateTable('subscriptions').set({ state: 'failing' }).where('id', '=', made[2]!).execute();
  await snapshot.refresh();
  expect(matching()).toEqual([made[3], ...[made[0]!, made[2]!].toSorted()]);
  expect(snapshot.find(made[1]!)).toMatchObject({ state: 'paused' });
  expect(snapshot.counts()).toEqual({ active: 2, failing: 1, paused: 1 });
});

it('a snapshot that is polled has a change soon, also if nothing announced it or Redis was emptied', async () => {
  const events = new Events();
  const polled = new SubscriptionSnapshot({ redis: server.redis, store, events });
  const subscriber = server.connect();
  const polling = polled.poll(new Hints(subscriber));
  try {
    await until('it is loaded', () => polled.isLoaded);
    const announced = await create();
    await announceSubscriptionChange(server.redis);
    await until('the announced one is known', () => matching(polled).includes(announced.id));
    await server.redis.flushall();
    const silent = await create();
    await until('the other one is known', () => matching(polled).includes(silent.id));
  } finally {
    await polling.close();
    subscriber.disconnect();
  }
});

it('a subscription that does not open is reported, and does not disturb the others', async () => {
  const lost = await create();
  const events = new Events();
  const reported: EventPayloads['subscription'][] = [];
  events.subscribe('subscription', (event) => void reported.push(event));
  const withOtherKey = new SubscriptionStore(database.sql, new Seals([randomBytes(32)]));
  const other = new SubscriptionSnapshot({ redis: server.redis, store: withOtherKey, events });
  const readable = await create({}, withOtherKey);
  await other.refresh();
  expect(matching(other)).toEqual([readable.id]);
  expect(reported).toMatchObject([{ subscription: lost.id, what: 'unsealable', failure: { code: 'unsealable' } }]);
});

it('a failed refresh keeps the copy and is repeated by the next one', async () => {
  const { id } = await create();
  let fails = false;
  const flaky = new SubscriptionSnapshot({
    redis: server.redis,
    events: new Events(),
    store: {
      versions: () => (fails ? Promise.reject(new Error('no database')) : store.versions()),
      read: (ids) => store.read(ids),
    },
  });
  await flaky.refresh();
  fails = true;
  await store.delete(id, by);
  await announceSubscriptionChange(server.redis);
  await expect(flaky.refresh()).rejects.toThrow('no database');
  expect(matching(flaky)).toEqual([id]);
  fails = false;
  await flaky.refresh();
  expect(matching(flaky)).toEqual([]);
});
