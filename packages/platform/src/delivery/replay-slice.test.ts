import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/database.ts';
import { ACCOUNT, type Receiver, startReceiver, TestDeliveries } from '../../test/deliveries.ts';
import { until } from '../../test/until.ts';
import type { Subscription, SubscriptionFilter } from '../subscription/subscription.ts';
import type { ReplayOnly } from './replay.ts';
import { runReplaySlice } from './replay-slice.ts';

const HOUR_MS = 60 * 60_000;

describe.each(databases)('a replay on %s', (kind) => {
  let deliveries: TestDeliveries;
  let receiver: Receiver;
  let start: number;
  beforeAll(async () => {
    deliveries = await TestDeliveries.start(kind);
  });
  afterAll(() => deliveries.stop());
  beforeEach(async () => {
    await deliveries.clear();
    receiver = await startReceiver();
    start = Date.now() - HOUR_MS;
  });
  afterEach(() => receiver.close());

  const at = (ms: number) => new Date(start + ms);
  const subscribe = (filter: SubscriptionFilter = {}) => deliveries.subscribe(receiver.url, { filter });
  const slice = (id: string, signal = new AbortController().signal) =>
    runReplaySlice(id, signal, {
      redis: deliveries.server.redis,
      sql: deliveries.database.sql,
      writer: deliveries.writer,
      seals: deliveries.seals,
      subscriptions: deliveries.subscriptions,
      store: deliveries.store,
      replays: deliveries.replays,
      due: deliveries.due,
    });

  async function replay(
    subscription: Subscription,
    only: ReplayOnly,
    since: Date = at(0),
    end: Date = new Date(Date.now() - 1_000),
  ): Promise<string> {
    const range = { subscription: subscription.id, since: since.getTime(), until: end.getTime(), only };
    return (await deliveries.replays.create(range)).id;
  }

  /** The worker: slices and batches, until the replay has ended. */
  async function finish(id: string, subscription: Subscription): Promise<void> {
    let running = true;
    const sending = (async () => {
      while (running) await deliveries.run(subscription);
    })();
    while (await slice(id));
    running = false;
    await sending;
    await deliveries.run(subscription);
  }

  const sent = () => receiver.requests.map(({ headers }) => headers['webhook-id']).sort();

  it('makes what is missing due again: never sent, or dead; neither delivered nor pending', async () => {
    const subscription = await subscribe({ types: ['message.*'] });
    const missing = await deliveries.push([], { at: at(1_000) });
    const state = (state: string, pending_at: number | null = null) => ({ state, pending_at });
    const dead = await deliveries.push([subscription], { at: at(2_000), delivery: state('dead') });
    await deliveries.push([subscription], { at: at(3_000), delivery: state('delivered') });
    const later = Date.now() + HOUR_MS;
    await deliveries.push([subscription], { at: at(4_000), delivery: state('pending', later) });
    // It does not match.
    await deliveries.push([], { at: at(5_000), change: { type: 'event.subscribe' } });
    await deliveries.push([], { at: at(6_000), change: { note: 'wrong_account' } });
    const id = await replay(subscription, 'missing');
    await finish(id, subscription);

    expect(sent()).toEqual([missing, dead].sort());
    expect(receiver.requests.map(({ headers }) => headers['wx-replay'])).toEqual([id, id]);
    const found = (await deliveries.replays.find(id))!;
    expect(found).toMatchObject({ state: 'completed', matched: 2, error: null, finishedAt: expect.any(Date) });
    expect((await deliveries.store.find(subscription.id, missing))!.delivery.replay).toBe(id);
  });

  it('of all sends what was delivered again, with the same id', async () => {
    const subscription = await subscribe();
    const ids = [];
    for (let i = 0; i < 3; i++) {
      const delivery = { state: 'delivered', pending_at: null, attempts: 1 };
      ids.push(await deliveries.push([subscription], { at: at(i * 1_000), delivery }));
    }
    await finish(await replay(subscription, 'all'), subscription);
    expect(sent()).toEqual(ids.sort());
    expect(receiver.requests.map(({ headers }) => headers['wx-attempt'])).toEqual(['2', '2', '2']);
  });

  it('covers its range of the order of acceptance, each push once even where several have one number', async () => {
    const subscription = await subscribe();
    const ids = [];
    for (let i = 0; i < 12; i++) {
      ids.push(await deliveries.push([], { at: at(i), change: { seq: (start + (i >> 2)) * 1_000 } }));
    }
    const id = await replay(subscription, 'missing', at(1), at(2));
    await finish(id, subscription);
    expect(sent()).toEqual(ids.slice(4, 8).sort());
  });

  it('matches by handle, person and field, as the journaler does', async () => {
    await deliveries.push([], { at: at(1_000), content: 'other' });
    const id = await deliveries.push([], { at: at(2_000), content: '订单 1' });
    const where = { Content: { prefix: '订单' } };
    const subscription = await subscribe({ accounts: [ACCOUNT], where });
    await finish(await replay(subscription, 'missing'), subscription);
    expect(sent()).toEqual([id]);
  });

  it('adds no more pending deliveries than its receiver takes', async () => {
    const subscription = await subscribe();
    await Promise.all(Array.from({ length: 60 }, (_, i) => deliveries.push([], { at: at(i * 1_000) })));
    const id = await replay(subscription, 'missing');
    const interrupt = new AbortController();
    const running = slice(id, interrupt.signal);
    const pending = () => deliveries.store.countPending(subscription.id, 1_000);
    // Nothing is sent meanwhile.
    await until('some are pending', async () => (await pending()) > 0);
    interrupt.abort();
    await running;
    expect(await deliveries.store.countPending(subscription.id, 1_000)).toBe(10);
    await finish(id, subscription);
    expect(sent()).toHaveLength(60);
    expect(new Set(sent()).size).toBe(60);
    expect((await deliveries.replays.find(id))!.matched).toBe(60);
  });

  it('can be interrupted anywhere, and only its latest run goes on', async () => {
    const subscription = await subscribe();
    for (let i = 0; i < 30; i++) await deliveries.push([], { at: at(i * 1_000) });
    const id = await replay(subscription, 'missing');
    const former = (await deliveries.replays.takeRun(id))!;
    await finish(id, subscription);
    await deliveries.replays.finish(former, 'failed');
    expect(await deliveries.replays.find(id)).toMatchObject({ state: 'completed', matched: 30 });
    expect(new Set(sent()).size).toBe(30);
  });

  it('waits until everything that was accepted before its end is journaled', async () => {
    const subscription = await subscribe();
    const end = new Date();
    const waiting = await deliveries.server.redis.xadd('wx:{pushes}:stream', `${end.getTime() - 5}-0`, 'kind', 'push');
    const id = await replay(subscription, 'missing', at(0), end);
    expect(await slice(id)).toEqual({ delayMs: 500 });
    const late = await deliveries.push([], { at: new Date(end.getTime() - 5) });
    await deliveries.server.redis.xdel('wx:{pushes}:stream', waiting!);
    await finish(id, subscription);
    expect(sent()).toEqual([late]);
  });

  it('ends when it is cancelled, and when its subscription is deleted', async () => {
    const subscription = await subscribe();
    for (let i = 0; i < 15; i++) await deliveries.push([], { at: at(i * 1_000) });
    const cancelled = await replay(subscription, 'missing');
    expect(await deliveries.replays.cancel(cancelled)).toMatchObject({ over: false, replay: { state: 'cancelled' } });
    expect(await deliveries.replays.cancel(cancelled)).toMatchObject({ over: true, replay: { state: 'cancelled' } });
    expect(await slice(cancelled)).toBeUndefined();
    const orphan = await replay(subscription, 'missing');
    await deliveries.subscriptions.delete(subscription.id, { id: 'API_KEY', address: null, requestId: null });
    expect(await slice(orphan)).toBeUndefined();
    expect(await deliveries.replays.find(orphan)).toMatchObject({ state: 'cancelled', finishedAt: expect.any(Date) });
    expect(await deliveries.store.countPending(subscription.id, 10)).toBe(0);
    expect(await deliveries.replays.cancel('rep_none')).toBeUndefined();
  });
});
