import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/database.ts';
import { ACCOUNT, COMPONENT, TestDeliveries } from '../../test/deliveries.ts';
import type { Subscription } from '../subscription/subscription.ts';
import { deliveryRow, insertDeliveries } from './delivery-rows.ts';
import type { DeliveryListRequest } from './delivery-store.ts';
import { hastenStep, reopenSteps } from './reopen-steps.ts';
import { settleSteps } from './settle-steps.ts';

const START = Date.parse('2026-11-28T10:00:00Z');
const at = (ms: number) => new Date(START + ms);

describe.each(databases)('deliveries on %s', (kind) => {
  let deliveries: TestDeliveries;
  let [first, second]: Subscription[] = [];
  beforeAll(async () => {
    deliveries = await TestDeliveries.start(kind);
  });
  afterAll(() => deliveries.stop());
  beforeEach(async () => {
    await deliveries.clear();
    first = await deliveries.subscribe('http://127.0.0.1:1/first');
    second = await deliveries.subscribe('http://127.0.0.1:1/second');
  });

  const settled = (push: string, attempts: number) => ({
    ...({ subscription: first!.id, push, attempts, isAttempt: true, state: 'delivered', pendingAt: null } as const),
    ...{ status: 204, code: null, ms: 3, at: at(9_000) },
  });
  const write = deliveriesWriter(() => deliveries);

  it('are due in the order of acceptance, each subscription for itself', async () => {
    const ids = [];
    for (const ms of [3_000, 1_000, 2_000]) ids.push(await deliveries.push([first!], { at: at(ms) }));
    await deliveries.push([second!], { at: at(0) });
    const due = (now: number, limit = 10) => deliveries.store.due(first!.id, at(now), limit);
    expect((await due(5_000)).map(({ push }) => push)).toEqual([ids[1], ids[2], ids[0]]);
    expect((await due(5_000, 2)).map(({ push }) => push)).toEqual([ids[1], ids[2]]);
    expect(await due(500)).toEqual([]);
    expect(await deliveries.store.nextDueAt(first!.id)).toEqual(at(1_000));
    expect(await deliveries.store.nextDueAt('sub_none')).toBeNull();
  });

  it('exist once for each push', async () => {
    const id = await deliveries.push([first!], { at: at(0) });
    await write(settleSteps([settled(id, 0)]));
    const push = { component: COMPONENT, id, appid: ACCOUNT, type: 'message.text', seq: 1, receivedAt: at(0) };
    await write([insertDeliveries([deliveryRow({ subscription: first!, push, asked: false }, at(0))])]);
    expect(await deliveries.row(first!.id, id)).toMatchObject({ state: 'delivered' });
  });

  it('that are asked are due 30 s after the timeout, if no gateway reports the outcome', async () => {
    const push = { component: COMPONENT, id: 'a'.repeat(26), appid: ACCOUNT, type: 'message.text', seq: 1 };
    const row = deliveryRow({ subscription: first!, push: { ...push, receivedAt: at(0) }, asked: true }, at(50));
    expect(row).toMatchObject({ pending_at: START + 15_000 + 30_000, opened_at: START + 50, reply_state: 'asked' });
  });

  it('are settled only with the attempts that were read, and only while they are pending', async () => {
    const id = await deliveries.push([first!], { at: at(0) });
    expect(await write(settleSteps([settled(id, 1)]))).toEqual([[false]]);
    expect(await write(settleSteps([settled(id, 0)]))).toEqual([[true]]);
    expect(await write(settleSteps([{ ...settled(id, 1), state: 'dead' }]))).toEqual([[false]]);
    const { delivery } = (await deliveries.store.find(first!.id, id))!;
    expect(delivery).toMatchObject({ state: 'delivered', attemptCount: 1, settledAt: at(9_000), ms: 3 });
  });

  it('are reopened with the whole schedule if they are settled, and hastened if they are pending', async () => {
    const [done, waiting] = [await deliveries.push([first!], { at: at(0) }), await deliveries.push([first!])];
    await write(settleSteps([settled(done, 0)]));
    await deliveries.changeDeliveries({ pending_at: START + 99_000 });
    await write(reopenSteps(first!.id, [done, waiting], 'rep_1', at(20_000)));
    expect(await deliveries.row(first!.id, done)).toMatchObject({
      ...{ state: 'pending', pending_at: START + 20_000, opened_at: START + 20_000, replay: 'rep_1' },
      ...{ attempts: 1, settled_at: null },
    });
    expect(await deliveries.row(first!.id, waiting)).toMatchObject({ pending_at: START + 99_000, replay: null });
    await write([hastenStep(first!.id, waiting, at(21_000))]);
    expect(await deliveries.row(first!.id, waiting)).toMatchObject({ pending_at: START + 21_000 });
    await write([hastenStep(first!.id, waiting, at(22_000))]);
    expect(await deliveries.row(first!.id, waiting)).toMatchObject({ pending_at: START + 21_000 });
  });

  it('that are pending are counted, with the oldest', async () => {
    expect(await deliveries.store.backlog(first!.id)).toEqual({ pending: 0, atLeast: false, oldestAt: null });
    for (const ms of [2_000, 1_000, 3_000]) await deliveries.push([first!], { at: at(ms) });
    expect(await deliveries.store.backlog(first!.id)).toEqual({ pending: 3, atLeast: false, oldestAt: at(1_000) });
    expect(await deliveries.store.countPending(first!.id, 2)).toBe(2);
  });

  describe('in a list', () => {
    async function all(request: Omit<DeliveryListRequest, 'limit' | 'cursor'>, limit: number): Promise<string[]> {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await deliveries.store.list({ ...request, limit, cursor });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        found.push(...page.items.map(({ subscription, push }) => `${subscription} ${push}`));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return found;
    }

    it('are the newest first, all of them once, also where several have one number', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 7; i++) {
        ids.push(
          await deliveries.push([first!, second!], { at: at(i * 1_000), change: { seq: (START + (i >> 1)) * 1_000 } }),
        );
      }
      const newest = ids.map((id, i) => ({ id, seq: i >> 1 })).sort((a, b) => b.seq - a.seq || (a.id < b.id ? 1 : -1));
      for (const limit of [1, 3, 100]) {
        expect(await all({ subscription: first!.id }, limit)).toEqual(newest.map(({ id }) => `${first!.id} ${id}`));
        const ofAccount = await all(
          {
            accounts: [
              { component: COMPONENT, appid: ACCOUNT },
              { component: 'wxother', appid: ACCOUNT },
            ],
          },
          limit,
        );
        expect(new Set(ofAccount).size).toBe(14);
        expect(ofAccount).toHaveLength(14);
      }
      expect(await all({ accounts: [{ component: COMPONENT, appid: 'wxother' }] }, 10)).toEqual([]);
    });

    it('are found by state and account', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) ids.push(await deliveries.push([first!], { at: at(i * 1_000) }));
      await write(settleSteps([settled(ids[1]!, 0), { ...settled(ids[4]!, 0), state: 'dead', code: 'gave_up' }]));
      const subscription = first!.id;
      const named = (...numbers: number[]) => numbers.map((i) => `${first!.id} ${ids[i]}`);
      for (const limit of [1, 100]) {
        expect(await all({ subscription, state: 'delivered' }, limit)).toEqual(named(1));
        expect(await all({ subscription, state: 'dead' }, limit)).toEqual(named(4));
        expect(await all({ subscription, state: 'pending' }, limit)).toEqual(named(5, 3, 2, 0));
        const account = { component: COMPONENT, appid: ACCOUNT };
        expect(await all({ subscription, accounts: [account], state: 'dead' }, limit)).toEqual(named(4));
        expect(await all({ subscription, accounts: [{ ...account, appid: 'wxother' }] }, limit)).toEqual([]);
      }
    });

    it('are found by push', async () => {
      const id = await deliveries.push([first!, second!], { at: at(0) });
      const row = await deliveries.row(first!.id, id);
      const push = { component: COMPONENT, appid: ACCOUNT, seq: Number(row.seq), id };
      const found = await deliveries.store.ofPushes([push]);
      expect(found.map(({ subscription }) => subscription)).toEqual([first!.id, second!.id].sort());
    });
  });
});

function deliveriesWriter(of: () => TestDeliveries) {
  return async (steps: Parameters<TestDeliveries['writer']['apply']>[0]) => (await of().writer.apply(steps)).changes;
}
