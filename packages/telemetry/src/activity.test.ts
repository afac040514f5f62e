import { Events, type MinuteCounts, type PushRefusal } from '@wxthirdparty/platform';
import { expect, it } from 'vitest';
import { countActivity } from './activity.ts';

it('adds up what is published, by component, and keeps it while it cannot be written', async () => {
  const events = new Events();
  const written: MinuteCounts[] = [];
  const refusals: PushRefusal[] = [];
  let isAway = true;
  const writer = {
    async add(counted: readonly MinuteCounts[], refused: ReadonlyMap<string, PushRefusal>) {
      if (isAway) throw new Error('away');
      written.push(...counted);
      refusals.push(...refused.values());
    },
  };
  const received = (component: string, result: 'accepted' | 'duplicates') =>
    events.publish('push-received', { component, url: 'messages', result });
  const activity = countActivity(events, writer);
  received('wxc', 'accepted');
  received('wxc', 'accepted');
  await activity.close();
  expect(written).toEqual([]);
  isAway = false;
  received('wxc', 'duplicates');
  received('wxd', 'accepted');
  const refusal = { status: 403, reason: 'signature' };
  events.publish('push-received', { component: 'wxc', url: 'events', result: 'refused', refusal });
  const push = { component: 'wxc', job: undefined, push: 'text', receivedAt: '', ms: 0 };
  events.publish('push', { ...push, outcome: 'wrong_account' });
  events.publish('push', { ...push, outcome: 'handled' });
  await activity.close();
  const sum = (component: string) => {
    const total: Record<string, number> = {};
    for (const one of written.filter((counts) => counts.component === component)) {
      for (const [name, count] of Object.entries(one.counts)) total[name] = (total[name] ?? 0) + count;
    }
    return total;
  };
  expect(sum('wxc')).toEqual({ accepted: 2, duplicates: 1, refused: 1, wrongAccount: 1 });
  expect(sum('wxd')).toEqual({ accepted: 1 });
  expect(refusals).toEqual([{ ...refusal, url: 'events', at: expect.any(Date) }]);
});
