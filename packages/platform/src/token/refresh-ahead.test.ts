import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { RefreshAhead } from './refresh-ahead.ts';

let server: TestRedis;
let dueSet: RefreshAhead;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  dueSet = new RefreshAhead(server.redis);
});

it('moves what is claimed ahead, so that nobody claims it again and a claimer that dies loses nothing', async () => {
  await dueSet.schedule('wxc', 'due', -1);
  await dueSet.schedule('wxc', 'later', 60_000);
  expect(await dueSet.claim('wxc', 10)).toEqual(['due']);
  expect(await dueSet.claim('wxc', 10)).toEqual([]);
  expect(await server.redis.zcard(server.redis.keyspace.due('wxc'))).toBe(2);
});

it('restores who is in use after Redis was emptied, also whom this process marked a moment ago', async () => {
  await dueSet.markUsed('wxc', 'wxa');
  await server.redis.flushall();
  expect(await dueSet.restoreOnce('wxc', () => dueSet.restore('wxc', ['wxa'], () => -1))).toBe(true);
  expect(await dueSet.claim('wxc', 10)).toEqual(['wxa']);
  expect(await dueSet.inUse('wxc', 'wxa')).toBe(true);
  expect(await dueSet.restoreOnce('wxc', () => Promise.reject(new Error('once only')))).toBe(false);
});

it('keeps the time of whoever was scheduled since', async () => {
  await dueSet.schedule('wxc', 'wxa', 60_000);
  await dueSet.restore('wxc', ['wxa'], () => 0);
  expect(await dueSet.claim('wxc', 10)).toEqual([]);
});

it('fills again where a fill failed', async () => {
  await expect(dueSet.restoreOnce('wxc', () => Promise.reject(new Error('cut')))).rejects.toThrow('cut');
  expect(await dueSet.restoreOnce('wxc', () => Promise.resolve())).toBe(true);
});

it('restores tens of thousands of accounts with one round trip to Redis for each page', async () => {
  const redis = server.connect();
  try {
    // A command that is sent while none is in flight begins a round trip; on a slow network, each costs its whole time.
    let trips = 0;
    let inFlight = 0;
    const send = redis.sendCommand.bind(redis);
    redis.sendCommand = (command, ...more) => {
      if (inFlight++ === 0) trips++;
      const done = () => void inFlight--;
      command.promise.then(done, done);
      return send(command, ...more);
    };
    const far = new RefreshAhead(redis);
    await far.restoreOnce('wxc', async (_, hold) => {
      for (let page = 0; page < 20; page++) {
        const appids = Array.from({ length: 1_000 }, (__, i) => `wx${page}-${i}`);
        await far.restore('wxc', appids, () => 60_000);
        await hold();
      }
    });
    expect(await server.redis.zcard(server.redis.keyspace.due('wxc'))).toBe(20_000);
    expect(await dueSet.inUse('wxc', 'wx19-999')).toBe(true);
    // Two for each page, and a few to begin and to end; scripts that Redis does not know yet are sent twice.
    expect(trips).toBeLessThan(2 * 20 + 20);
  } finally {
    redis.disconnect();
  }
});

it('is filled by one process at a time, and by another one where that has failed', async () => {
  const other = new RefreshAhead(server.redis);
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const filling = dueSet.restoreOnce('wxc', () => {
    begun.resolve();
    return gate.promise;
  });
  await begun.promise;
  expect(await other.restoreOnce('wxc', () => Promise.reject(new Error('not by two')))).toBe(false);
  gate.reject(new Error('cut'));
  await expect(filling).rejects.toThrow('cut');
  expect(await other.restoreOnce('wxc', async () => {})).toBe(true);
});

it('does not count as filled where another process has taken over meanwhile', async () => {
  const key = server.redis.keyspace.dueRestoring('wxc');
  const filling = dueSet.restoreOnce('wxc', async (_, hold) => {
    await server.redis.set(key, 'of another process');
    await hold();
  });
  await expect(filling).rejects.toMatchObject({ code: 'restoring_lost' });
  expect(await server.redis.get(key)).toBe('of another process');
  expect(await server.redis.exists(server.redis.keyspace.dueRestored('wxc'))).toBe(0);
});
