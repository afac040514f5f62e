import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { ActivityStore } from './activity-store.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('sums the counts of all processes over the last hour, and has the last refusal', async () => {
  const [one, other] = [new ActivityStore(server.redis), new ActivityStore(server.redis)];
  const now = Date.now();
  const minute = Math.floor(now / 60_000);
  const at = (ago: number, counts: object) => ({ component: 'wxc', minute: minute - ago, counts });
  const refusal = { at: new Date(now), status: 403, reason: 'signature', url: 'events' } as const;
  await one.add([at(0, { accepted: 2 }), at(59, { accepted: 3, refused: 1 }), at(60, { accepted: 100 })], new Map());
  await other.add(
    [at(0, { accepted: 4, wrongAccount: 1 }), { ...at(0, { accepted: 9 }), component: 'wxd' }],
    new Map([['wxc', refusal]]),
  );
  const none = { accepted: 0, duplicates: 0, unreadable: 0, wrongAccount: 0, tooOld: 0, refused: 0, unavailable: 0 };
  expect(await one.read('wxc', now)).toEqual({
    lastHour: { ...none, accepted: 9, refused: 1, wrongAccount: 1 },
    lastRefusal: refusal,
  });
  expect(await one.read('wxe', now)).toEqual({ lastHour: none, lastRefusal: null });
  for (const key of await server.redis.keys('*activity*')) expect(await server.redis.pttl(key)).toBeGreaterThan(0);
});
