import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/database.ts';
import { COMPONENT, TestDeliveries } from '../../test/deliveries.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { AskedOutcome } from './asked-outcome.ts';
import { AskedOutcomes } from './asked-outcomes.ts';

const ms = 12;
const refused = { status: 500, code: 'status', ms, answer: 'no', retryAfterMs: null } as const;
const answered = { status: 200, code: null, ms, answer: null, retryAfterMs: null } as const;

describe.each(databases)('the outcome of asking, on %s', (kind) => {
  let deliveries: TestDeliveries;
  let outcomes: AskedOutcomes;
  let subscription: Subscription;
  beforeAll(async () => {
    deliveries = await TestDeliveries.start(kind);
    const { seals, events, circuits, pauses } = deliveries;
    outcomes = new AskedOutcomes({ seals, events, circuits, pauses, retentionMs: 7 * 24 * 60 * 60_000 });
  });
  afterAll(() => deliveries.stop());
  beforeEach(async () => {
    await deliveries.clear();
    subscription = await deliveries.subscribe('http://127.0.0.1:1/');
  });

  /** As the row of an asked push is inserted. */
  const asked = () => deliveries.push([subscription], { delivery: { reply_state: 'asked' } });
  async function store(...pushed: readonly (readonly [push: string, outcome: Partial<AskedOutcome>])[]): Promise<void> {
    const at = Date.now();
    const { steps, committed } = outcomes.steps(
      pushed.map(([push, outcome]) => ({
        ...{ subscription, component: COMPONENT, push },
        outcome: { at, attempt: null, reply: null, ...outcome },
      })),
    );
    await deliveries.writer.write(steps);
    await committed();
  }
  const find = async (push: string) => (await deliveries.store.find(subscription.id, push))!;

  it('settles the delivery with its reply', async () => {
    const push = await asked();
    await store([push, { attempt: answered, reply: { state: 'passive', reason: null } }]);
    expect((await find(push)).delivery).toMatchObject({
      ...{ state: 'delivered', attemptCount: 1, status: 200, code: null, ms },
      reply: { state: 'passive', reason: null, callId: null },
    });
    expect((await deliveries.state(subscription)).lastSuccessAt).toBeInstanceOf(Date);
    expect(deliveries.published).toMatchObject([{ push, result: 'delivered', attempt: 1 }]);
  });

  it('is repeated by a worker if it failed, and a reply to that is late', async () => {
    const push = await asked();
    await store([push, { attempt: refused }]);
    const { delivery, failures } = await find(push);
    expect(delivery).toMatchObject({ state: 'pending', attemptCount: 1, status: 500, code: 'status', reply: null });
    expect(delivery.pendingAt!.getTime()).toBeLessThan(Date.now() + 10_000);
    expect(failures).toMatchObject([{ number: 1, status: 500, answer: 'no' }]);
    const [due] = await deliveries.store.due(subscription.id, new Date(Date.now() + 10_000), 10);
    expect(due).toMatchObject({ push, isAsked: true });
    expect(await deliveries.state(subscription)).toMatchObject({ failures: 1, lastFailure: { code: 'status' } });
  });

  it('adds a reply that became known after the delivery was settled', async () => {
    const push = await asked();
    await store([push, { attempt: { ...answered, status: 202 } }]);
    expect((await find(push)).delivery).toMatchObject({ state: 'delivered', reply: null });
    await store([push, { reply: { state: 'passive', reason: null } }]);
    expect((await find(push)).delivery.reply).toMatchObject({ state: 'passive' });
    // A later one does not replace it.
    await store([push, { reply: { state: 'dropped', reason: 'already_replied' } }]);
    expect((await find(push)).delivery.reply).toMatchObject({ state: 'passive' });
  });

  it('does not replace what a worker has stored', async () => {
    const push = await asked();
    await deliveries.changeDeliveries({ attempts: 1 });
    await store([push, { attempt: refused }]);
    expect((await find(push)).delivery).toMatchObject({ state: 'pending', attemptCount: 1, status: null });
  });

  it('counts for the circuit, in the order of the outcomes', async () => {
    const pushes = [await asked(), await asked(), await asked(), await asked(), await asked(), await asked()];
    const failed = pushes.map((push) => [push, { attempt: refused }] as const);
    await store(failed[0]!, [pushes[1]!, { attempt: answered }], failed[2]!);
    expect(await deliveries.state(subscription)).toMatchObject({ state: 'active', failures: 1 });
    const more = await Promise.all([asked(), asked()]);
    const rest = [...pushes.slice(3), ...more].map((push) => [push, { attempt: refused }] as const);
    await store(...rest);
    expect(await deliveries.state(subscription)).toMatchObject({ state: 'failing', failures: 6 });
  });

  it('holds the subscription, or pauses it, as the receiver asks', async () => {
    await store([await asked(), { attempt: { ...refused, status: 503, retryAfterMs: 60_000 } }]);
    const held = await deliveries.state(subscription);
    expect(held).toMatchObject({ state: 'active', failures: 0 });
    expect(held.holdUntil!.getTime()).toBeGreaterThan(Date.now() + 30_000);
    await store([await asked(), { attempt: { ...refused, status: 410, code: 'gone' } }]);
    expect(await deliveries.state(subscription)).toMatchObject({ state: 'paused', reason: 'gone' });
  });
});
