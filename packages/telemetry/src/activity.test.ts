import { type Activity, type ActivityCount, Events, type MinuteCounts, type PushRefusal } from '@wxthirdparty/platform';
import { beforeEach, expect, it } from 'vitest';
import { countActivity } from './activity.ts';

const MINUTE_MS = 60_000;
const NOTHING: Activity = { counted: [], refusals: new Map() };

let events: Events;
let written: MinuteCounts[];
let refusals: [string, PushRefusal][];
/** What the next write refuses. */
let refuse: (activity: Activity) => Activity;
let now: number;
const writer = {
  async add(activity: Activity) {
    const refused = refuse(activity);
    written.push(...activity.counted.filter((one) => !refused.counted.includes(one)));
    refusals.push(...[...activity.refusals].filter(([component]) => !refused.refusals.has(component)));
    return refused;
  },
};
beforeEach(() => {
  events = new Events();
  written = [];
  refusals = [];
  refuse = () => NOTHING;
  now = 1_000 * MINUTE_MS;
});

function sum(component: string): Partial<Record<ActivityCount, number>> {
  const total: Record<string, number> = {};
  for (const { counts } of written.filter((one) => one.component === component)) {
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

const received = (component: string, result: 'accepted' | 'duplicates') =>
  events.publish('push-received', { component, url: 'messages', result, ms: 1 });

it('adds up pushes by component, and keeps what cannot be written', async () => {
  const activity = countActivity(events, writer, () => now);
  refuse = () => {
    throw new Error('away');
  };
  received('wxc', 'accepted');
  received('wxc', 'accepted');
  received('wxd', 'accepted');
  await activity.close();
  refuse = ({ counted }) => ({ ...NOTHING, counted: counted.filter(({ component }) => component === 'wxd') });
  now += MINUTE_MS;
  received('wxc', 'duplicates');
  const refusal = { status: 403, reason: 'signature' };
  events.publish('push-received', { component: 'wxc', url: 'events', result: 'refused', refusal, ms: 1 });
  const about = { component: 'wxc', url: 'messages', result: 'handled', job: undefined, push: 'text' } as const;
  const push = { ...about, receivedAt: '', ms: 0, lagMs: 0 };
  events.publish('push', { ...push, outcome: 'wrong_account' });
  events.publish('push', { ...push, outcome: 'handled' });
  await activity.close();
  expect(sum('wxc')).toEqual({ accepted: 2, duplicates: 1, refused: 1, wrongAccount: 1 });
  expect(sum('wxd')).toEqual({});
  expect(refusals).toEqual([['wxc', { ...refusal, url: 'events', at: new Date(now) }]]);
  refuse = () => NOTHING;
  await activity.close();
  expect(sum('wxd')).toEqual({ accepted: 1 });
  expect(written.map(({ minute }) => minute)).toEqual([1_000, 1_001, 1_000]);
  await activity.close();
  expect(written).toHaveLength(3);
});

it('keeps counts for ten minutes while Redis is away', async () => {
  const activity = countActivity(events, writer, () => now);
  refuse = (all) => all;
  received('wxc', 'accepted');
  now += MINUTE_MS;
  received('wxc', 'duplicates');
  now += 10 * MINUTE_MS;
  await activity.close();
  refuse = () => NOTHING;
  await activity.close();
  expect(sum('wxc')).toEqual({ duplicates: 1 });
});

it('counts calls by their outcome; an errcode is a failure', async () => {
  const activity = countActivity(events, writer, () => now);
  const call = {
    call: 'wxc.wxa.1',
    component: 'wxc',
    appid: 'wxa',
    path: '/cgi-bin/user/get',
    kind: 'inline',
  } as const;
  const times = { attempts: 1, queueMs: 1, totalMs: 2, recorded: true };
  const settled = (outcome: string, errcode?: number) =>
    events.publish('call', { ...call, ...times, outcome, errcode });
  settled('completed', 0);
  settled('completed');
  settled('completed', 45015);
  settled('deadline_passed');
  settled('outcome_unknown');
  settled('cancelled');
  events.publish('call', { ...call, ...times, outcome: 'completed', corrected: true });
  await activity.close();
  expect(sum('wxc')).toEqual({ callsCompleted: 2, callsFailed: 3, callsOutcomeUnknown: 1 });
});

it('counts slow answers to pushes, and requests whose token WeChat refused', async () => {
  const activity = countActivity(events, writer, () => now);
  for (const ms of [3_000, 3_001]) {
    events.publish('push-received', { component: 'wxc', url: 'messages', result: 'accepted', ms });
  }
  const request = {
    component: 'wxc',
    host: 'api.test:443',
    path: '/cgi-bin/user/get',
    result: 'errcode',
    ms: 1,
  } as const;
  for (const errcode of [40001, 45015]) events.publish('wechat', { ...request, errcode });
  await activity.close();
  expect(sum('wxc')).toEqual({ accepted: 2, answeredSlowly: 1, callsTokenRefused: 1 });
});

it('counts refreshes and deliveries by their result', async () => {
  const activity = countActivity(events, writer, () => now);
  const refresh = { kind: 'component', component: 'wxc', appid: 'wxc', ms: 1 };
  const failure = { code: 'wechat_refused', remedy: 'operator', message: 'no' };
  events.publish('refresh', { ...refresh, outcome: 'stored', version: 1 });
  events.publish('refresh', { ...refresh, outcome: 'failed', failure });
  events.publish('refresh', { ...refresh, outcome: 'fresh' });
  const delivery = { subscription: 's', component: 'wxc', push: 'p', ms: 1, lagMs: 1, attempt: 1, code: null };
  for (const result of ['delivered', 'failed', 'failed', 'dead'] as const) {
    events.publish('delivery', { ...delivery, result, status: 200 });
  }
  await activity.close();
  expect(sum('wxc')).toEqual({ refreshesStored: 1, refreshesFailed: 1, deliveriesDelivered: 1, deliveriesFailed: 3 });
});
