import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { type ActivityCount, activityCounts } from './activity-counts.ts';
import { ActivityHistories } from './activity-history.ts';
import { ActivityStore, type PushRefusal } from './activity-store.ts';
import { Components } from './components.ts';

const MINUTE_MS = 60_000;
/** The middle of five minutes. */
const NOW = Math.floor(Date.now() / (5 * MINUTE_MS)) * 5 * MINUTE_MS + 2 * MINUTE_MS;
const MINUTE = NOW / MINUTE_MS;
const NONE = Object.fromEntries(activityCounts.map((name) => [name, 0]));

let server: TestRedis;
let one: ActivityStore;
let other: ActivityStore;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  one = new ActivityStore(server.redis);
  other = new ActivityStore(server.redis);
});

type Counts = Partial<Record<ActivityCount, number>>;
const at = (ago: number, counts: Counts, component = 'wxc') => ({ component, minute: MINUTE - ago, counts });
const activity = (...counted: ReturnType<typeof at>[]) => ({ counted, refusals: new Map<string, PushRefusal>() });

it('sums the counts of all processes over the last hour, and has the last refusal', async () => {
  const refusal = { at: new Date(NOW), status: 403, reason: 'signature', url: 'events' } as const;
  const older = { ...refusal, at: new Date(NOW - 1), reason: 'appid' };
  await one.add(activity(at(0, { accepted: 2 }), at(59, { accepted: 3, refused: 1 }), at(60, { accepted: 100 })));
  const counted = [at(0, { accepted: 4, wrongAccount: 1 }), at(0, { accepted: 9 }, 'wxd')];
  await other.add({ counted, refusals: new Map([['wxc', refusal]]) });
  await one.add({ counted: [], refusals: new Map([['wxc', older]]) });
  const none = { accepted: 0, duplicates: 0, unreadable: 0, wrongAccount: 0, tooOld: 0, refused: 0, unavailable: 0 };
  expect(await one.read('wxc', NOW)).toEqual({
    lastHour: { ...none, accepted: 9, refused: 1, wrongAccount: 1 },
    lastRefusal: refusal,
  });
  expect(await one.read('wxe', NOW)).toEqual({ lastHour: none, lastRefusal: null });
  for (const key of await server.redis.keys('*activity*')) expect(await server.redis.pttl(key)).toBeGreaterThan(0);
});

it('has the counts of the last minutes, and of every five minutes', async () => {
  await one.add(
    activity(at(0, { callsFailed: 1 }), at(3, { callsFailed: 2, callsCompleted: 5 }), at(8, { refused: 1 })),
  );
  await other.add(activity(at(3, { callsCompleted: 1 })));
  expect(await one.lastMinutes('wxc', 3, NOW)).toEqual({ ...NONE, callsFailed: 1 });
  expect(await one.lastMinutes('wxc', 4, NOW)).toEqual({ ...NONE, callsFailed: 3, callsCompleted: 6 });
  expect(await one.lastSteps('wxc', 3, NOW)).toEqual([
    { ...NONE, refused: 1 },
    { ...NONE, callsFailed: 2, callsCompleted: 6 },
    { ...NONE, callsFailed: 1 },
  ]);
});

it('returns what could not be added, and only that', async () => {
  // Redis refuses to add to a key of another type.
  await server.redis.set(server.redis.keyspace.activityFiveMinutes('wxd', Math.floor(MINUTE / 5)), 'text');
  const refused = at(0, { accepted: 1 }, 'wxd');
  expect(await one.add(activity(at(0, { accepted: 1 }), refused))).toEqual(activity(refused));
  expect(await one.lastMinutes('wxc', 1, NOW)).toEqual({ ...NONE, accepted: 1 });
});

it('a history has five-minute counts of one component or of all, read from Redis once in 30 s', async () => {
  const components = new Components(
    ['wxc', 'wxd'].map((appid) => ({ appid, appsecret: 's', token: 'token', encodingAesKey: 'k'.repeat(43) })),
  );
  const histories = new ActivityHistories(one, components);
  await one.add(activity(at(0, { accepted: 2, refused: 1, tooOld: 1, duplicates: 7 }), at(0, { accepted: 3 }, 'wxd')));
  await one.add(activity(at(55, { callsCompleted: 4, deliveriesFailed: 1 }), at(61, { callsCompleted: 9 })));

  const all = await histories.read({ hours: 1 }, NOW);
  expect(all).toMatchObject({ from: new Date(NOW - 57 * MINUTE_MS), stepMs: 5 * MINUTE_MS });
  const zeros = Array.from({ length: 11 }, () => 0);
  expect(all.pushes).toEqual({ accepted: [...zeros, 5], failed: [...zeros, 2] });
  expect(all.calls).toEqual({ completed: [4, ...zeros], failed: [0, ...zeros] });
  expect(all.deliveries).toEqual({ delivered: [0, ...zeros], failed: [1, ...zeros] });
  const ofOne = await histories.read({ hours: 2, component: 'wxd' }, NOW);
  expect(ofOne.pushes.accepted).toHaveLength(24);
  expect(ofOne.pushes.accepted.at(-1)).toBe(3);
  await expect(histories.read({ hours: 1, component: 'wxe' }, NOW)).rejects.toMatchObject({
    code: 'unknown_component',
  });

  await one.add(activity(at(0, { accepted: 1 })));
  expect(await histories.read({ hours: 1 }, NOW + 29_999)).toBe(all);
  expect((await histories.read({ hours: 1 }, NOW + 30_000)).pushes.accepted.at(-1)).toBe(6);
});
