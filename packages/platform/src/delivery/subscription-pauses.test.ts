import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/database.ts';
import { actor, TestDeliveries } from '../../test/deliveries.ts';

const unknown = { code: 'unknown_subscription' };

describe.each(databases)('a subscription on %s', (kind) => {
  let deliveries: TestDeliveries;
  beforeAll(async () => {
    deliveries = await TestDeliveries.start(kind);
  });
  afterAll(() => deliveries.stop());
  beforeEach(() => deliveries.clear());

  const mark = () => deliveries.server.redis.get('wx:{pushes}:subscriptions');

  it('that is paused knows since when it misses pushes, and processes read it again', async () => {
    const subscription = await deliveries.subscribe('http://127.0.0.1:1/');
    const [before, marked] = [Date.now(), await mark()];
    await deliveries.pauses.pauseManually(subscription.id, actor);
    const paused = await deliveries.state(subscription);
    expect(paused).toMatchObject({ state: 'paused', reason: 'manual' });
    expect(paused.behindSince!.getTime()).toBeLessThanOrEqual(before);
    expect(paused.updatedAt.getTime()).toBeGreaterThan(subscription.updatedAt.getTime());
    expect(await mark()).not.toBe(marked);
    // Its owner knows; nothing is to be reported.
    expect(deliveries.news).toEqual([]);

    await deliveries.pauses.pauseManually(subscription.id, actor);
    expect(await deliveries.state(subscription)).toEqual(paused);
    await expect(deliveries.pauses.pauseManually('sub_none', actor)).rejects.toMatchObject(unknown);
  });

  it('misses what waits in the stream when it is paused', async () => {
    const subscription = await deliveries.subscribe('http://127.0.0.1:1/');
    const accepted = Date.now() - 60_000;
    await deliveries.server.redis.xadd('wx:{pushes}:stream', `${accepted}-0`, 'kind', 'push');
    await deliveries.pauses.pauseManually(subscription.id, actor);
    expect((await deliveries.state(subscription)).behindSince!.getTime()).toBeLessThan(accepted);
  });

  it('that is resumed is active, and has a replay of what it missed', async () => {
    const subscription = await deliveries.subscribe('http://127.0.0.1:1/');
    await deliveries.changeSubscription(subscription, { created_at: Date.now() - 600_000 });
    await deliveries.pauses.pauseAutomatically(subscription.id, 'gone');
    const { behindSince } = await deliveries.state(subscription);
    const resumedAt = Date.now();
    const { replay } = await deliveries.pauses.resume(subscription.id, actor);
    expect(await deliveries.state(subscription)).toMatchObject({
      ...{ state: 'active', reason: null, failures: 0, failingSince: null, behindSince: null },
    });
    const found = (await deliveries.replays.find(replay!))!;
    expect(found).toMatchObject({
      subscription: subscription.id,
      only: 'missing',
      state: 'running',
      since: behindSince,
    });
    expect(found.until.getTime()).toBeGreaterThanOrEqual(resumedAt + 5_000);

    expect(await deliveries.pauses.resume(subscription.id, actor)).toEqual({ replay: null });
    expect(await deliveries.replays.running()).toEqual([replay]);
    await expect(deliveries.pauses.resume('sub_none', actor)).rejects.toMatchObject(unknown);
  });

  it('misses nothing from before its creation', async () => {
    const subscription = await deliveries.subscribe('http://127.0.0.1:1/');
    await deliveries.pauses.pauseManually(subscription.id, actor);
    const { replay } = await deliveries.pauses.resume(subscription.id, actor);
    expect((await deliveries.replays.find(replay!))!.since).toEqual(subscription.createdAt);
  });

  it('is paused once by itself, with one notice, however many batches find out', async () => {
    const subscription = await deliveries.subscribe('http://127.0.0.1:1/');
    await Promise.all(Array.from({ length: 5 }, () => deliveries.pauses.pauseAutomatically(subscription.id, 'gone')));
    expect(deliveries.news).toHaveLength(1);
    expect(await deliveries.server.redis.xlen('wx:{pushes}:stream')).toBe(1);
  });
});
