import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { type Filling, RefreshAhead } from './refresh-ahead.ts';
import type { TokenOwner } from './token.ts';

const ownerOf = (appid: string): TokenOwner => ({ kind: 'authorizer', component: 'wxc', appid });

let server: TestRedis;
let refreshAhead: RefreshAhead;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  refreshAhead = new RefreshAhead(server.redis);
});

it('a claimed token is due again later: no other process claims it now, and a claimer that dies loses nothing', async () => {
  await refreshAhead.schedule(ownerOf('wxdue'), -1);
  await refreshAhead.schedule(ownerOf('wxlater'), 60_000);
  expect(await refreshAhead.claim('wxc', 10)).toEqual([ownerOf('wxdue')]);
  expect(await refreshAhead.claim('wxc', 10)).toEqual([]);
  expect(await server.redis.zcard(server.redis.keyspace.due('wxc'))).toBe(2);
});

it('members of the kinds of the first version are bare appids; all others carry their kind, in a set that older versions do not read', async () => {
  const component: TokenOwner = { kind: 'component', component: 'wxc', appid: 'wxc' };
  const ticket: TokenOwner = { ...ownerOf('wxa'), kind: 'jsapi-ticket' };
  const newer = { ...ownerOf('wxa'), kind: 'of-a-newer-version' as TokenOwner['kind'] };
  for (const owner of [component, ownerOf('wxa'), ticket, newer]) await refreshAhead.schedule(owner, -1);
  const { due, dueTickets } = server.redis.keyspace;
  expect((await server.redis.zrange(due('wxc'), 0, '-1')).sort()).toEqual(['wxa', 'wxc']);
  const tickets = ['jsapi-ticket:wxa', 'of-a-newer-version:wxa'];
  expect((await server.redis.zrange(dueTickets('wxc'), 0, '-1')).sort()).toEqual(tickets);
  // A kind that this version does not know is claimed by a process that does.
  const claimed = await refreshAhead.claim('wxc', 10);
  expect(claimed).toHaveLength(3);
  expect(claimed).toEqual(expect.arrayContaining([component, ownerOf('wxa'), ticket]));
  expect(await server.redis.zcard(dueTickets('wxc'))).toBe(2);
  for (const owner of [newer, ticket, component]) await refreshAhead.drop(owner);
  expect(await server.redis.zrange(due('wxc'), 0, '-1')).toEqual(['wxa']);
  expect(await server.redis.zcard(dueTickets('wxc'))).toBe(0);
});

it('after Redis was emptied, accounts in use are restored, also one that this process has just marked', async () => {
  await refreshAhead.markUsed(ownerOf('wxa'));
  await server.redis.flushall();
  expect(await refreshAhead.restoreOnce('wxc', () => refreshAhead.restore('wxc', ['wxa'], () => -1))).toBe(true);
  expect(await refreshAhead.claim('wxc', 10)).toEqual([ownerOf('wxa')]);
  expect(await refreshAhead.inUse(ownerOf('wxa'))).toBe(true);
  expect(await refreshAhead.restoreOnce('wxc', () => Promise.reject(new Error('once only')))).toBe(false);
});

it('a restored account keeps the time for which it has been scheduled since', async () => {
  await refreshAhead.schedule(ownerOf('wxa'), 60_000);
  await refreshAhead.restore('wxc', ['wxa'], () => 0);
  expect(await refreshAhead.claim('wxc', 10)).toEqual([]);
});

it('a fill that fails is continued where it was, and one after Redis was emptied again starts at the beginning', async () => {
  const cut = async ({ hold }: Filling) => {
    await hold('wx0499');
    throw new Error('cut');
  };
  await expect(refreshAhead.restoreOnce('wxc', cut)).rejects.toThrow('cut');
  const afters: unknown[] = [];
  const note = async ({ after }: Filling) => void afters.push(after);
  await refreshAhead.restoreOnce('wxc', note);
  await server.redis.flushall();
  await refreshAhead.restoreOnce('wxc', note);
  expect(afters).toEqual(['wx0499', undefined]);
});

it('the age of what has been due longest is reported, and what was claimed does not count', async () => {
  expect(await refreshAhead.overdueMs('wxc')).toBe(0);
  await refreshAhead.schedule(ownerOf('wxlater'), 60_000);
  expect(await refreshAhead.overdueMs('wxc')).toBe(0);
  await refreshAhead.schedule({ ...ownerOf('wxa'), kind: 'jsapi-ticket' }, -90_000);
  expect(await refreshAhead.overdueMs('wxc')).toBeGreaterThanOrEqual(90_000);
  await refreshAhead.claim('wxc', 10);
  expect(await refreshAhead.overdueMs('wxc')).toBe(0);
});

it('all that is due is claimed, batch by batch', async () => {
  const page = Array.from({ length: 25 }, (_, i) => `wx${i}`);
  await refreshAhead.restore('wxc', page, () => -1);
  const sizes: number[] = [];
  for await (const batch of refreshAhead.claimAll('wxc', 10)) sizes.push(batch.length);
  expect(sizes).toEqual([10, 10, 5]);
});

it('a failed fill is repeated', async () => {
  await expect(refreshAhead.restoreOnce('wxc', () => Promise.reject(new Error('cut')))).rejects.toThrow('cut');
  expect(await refreshAhead.restoreOnce('wxc', () => Promise.resolve())).toBe(true);
});

it('tens of thousands of accounts are restored with one round trip to Redis for each page', async () => {
  const redis = server.connect();
  try {
    // A command that is sent while none is in flight starts a round trip; on a slow network, each costs its whole time.
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
    await far.restoreOnce('wxc', async ({ hold }) => {
      for (let page = 0; page < 20; page++) {
        const appids = Array.from({ length: 1_000 }, (__, i) => `wx${page}-${i}`);
        await far.restore('wxc', appids, () => 60_000);
        await hold();
      }
    });
    expect(await server.redis.zcard(server.redis.keyspace.due('wxc'))).toBe(20_000);
    expect(await refreshAhead.inUse(ownerOf('wx19-999'))).toBe(true);
    // Two for each page, and a few for start and end; scripts that Redis does not know yet are sent twice.
    expect(trips).toBeLessThan(2 * 20 + 20);
  } finally {
    redis.disconnect();
  }
});

it('one process at a time fills the set, and another one after it has failed', async () => {
  const other = new RefreshAhead(server.redis);
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const filling = refreshAhead.restoreOnce('wxc', () => {
    started.resolve();
    return gate.promise;
  });
  await started.promise;
  expect(await other.restoreOnce('wxc', () => Promise.reject(new Error('not by two')))).toBe(false);
  gate.reject(new Error('cut'));
  await expect(filling).rejects.toThrow('cut');
  expect(await other.restoreOnce('wxc', async () => {})).toBe(true);
});

it('the set does not count as filled if another process has taken over meanwhile', async () => {
  const key = server.redis.keyspace.dueRestoring('wxc');
  const filling = refreshAhead.restoreOnce('wxc', async ({ hold }) => {
    await server.redis.set(key, 'of another process');
    await hold();
  });
  await expect(filling).rejects.toMatchObject({ code: 'restoring_lost' });
  expect(await server.redis.get(key)).toBe('of another process');
  expect(await server.redis.exists(server.redis.keyspace.dueRestored('wxc'))).toBe(0);
});
