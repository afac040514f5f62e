import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/database.ts';
import { TestDeliveries } from '../../test/deliveries.ts';
import { restoreDue } from './restore-due.ts';

const HOUR_MS = 60 * 60_000;

describe.each(databases)('when subscriptions are due, on %s', (kind) => {
  let deliveries: TestDeliveries;
  beforeAll(async () => {
    deliveries = await TestDeliveries.start(kind);
  });
  afterAll(() => deliveries.stop());
  beforeEach(() => deliveries.clear());

  const restore = () => restoreDue(deliveries.database.sql, deliveries.store, deliveries.due);
  const dueInMs = async ({ id }: { readonly id: string }) => {
    const score = await deliveries.server.redis.zscore('wx:{deliveries}:due', id);
    return score === null ? null : Math.round((Number(score) - Date.now()) / HOUR_MS);
  };
  const subscribe = () => deliveries.subscribe('http://127.0.0.1:1/');
  const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS);

  it('is restored from the database after a loss of Redis', async () => {
    const [pending, idle, failing, held, ticket, paused] = await Promise.all([1, 2, 3, 4, 5, 6].map(subscribe));
    await deliveries.push([pending!, failing!, held!, paused!], { at: inHours(2) });
    await deliveries.push([pending!], { at: inHours(1) });
    await deliveries.changeSubscription(failing!, { state: 'failing', probe_at: inHours(3).getTime() });
    await deliveries.changeSubscription(held!, { hold_until: inHours(4).getTime() });
    await deliveries.changeSubscription(ticket!, { ticket_at: inHours(5).getTime() });
    await deliveries.changeSubscription(paused!, { state: 'paused' });
    await restore();
    const all = [pending!, idle!, failing!, held!, ticket!, paused!];
    expect(await Promise.all(all.map(dueInMs))).toEqual([1, null, 3, 4, 5, null]);
  });

  it('is not postponed', async () => {
    const subscription = await subscribe();
    await deliveries.push([subscription], { at: inHours(2) });
    await deliveries.due.schedule(subscription.id, inHours(1));
    await restore();
    expect(await dueInMs(subscription)).toBe(1);
  });

  it('wakes each once its time has come, and again if its job is lost', async () => {
    const [due, later] = [await subscribe(), await subscribe()];
    await deliveries.push([due]);
    await deliveries.push([later], { at: inHours(1) });
    await restore();
    await deliveries.due.wakeDue();
    const jobs = await deliveries.queue.queue.getWaiting();
    expect(jobs.map(({ data }) => data)).toEqual([{ subscription: due.id }]);
    expect(await deliveries.server.redis.zcard('wx:{deliveries}:due')).toBe(2);
  });

  it('is marked before deliveries are stored, and woken afterwards, with one job for many', async () => {
    const subscription = await subscribe();
    await deliveries.due.mark([subscription.id]);
    expect(await dueInMs(subscription)).toBe(0);
    await Promise.all(Array.from({ length: 50 }, () => deliveries.due.wake([subscription.id])));
    expect(await deliveries.queue.queue.getWaiting()).toHaveLength(1);
  });
});
