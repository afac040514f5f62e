import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { until } from '../../../test/until.ts';
import { Ledger } from '../../quota/ledger.ts';
import { Seals } from '../../sealing/seals.ts';
import type { CallRequest } from '../call.ts';
import { newCallId, parseCallId } from '../call-id.ts';
import { CallStore } from '../call-store.ts';
import { FormerLaneStore } from './former/former-lane-store.ts';
import { moveToFormer } from './former/move-to-former.ts';
import type { LaneFormat } from './lane-format.ts';
import { LaneStore, type ReturnedCall, type TakenCall } from './lane-store.ts';

let server: TestRedis;
let calls: CallStore;
let lane: LaneStore;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  calls = new CallStore(server.redis, new Seals([randomBytes(32)]));
  lane = new LaneStore(server.redis);
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const owner = { component: 'wxc', appid: 'wxa' };
const [SEND, READ] = ['/cgi-bin/message/custom/send', '/cgi-bin/user/info'];
const MB = 1024 * 1024;
const all = { limit: 10, count: 100, bytes: 1_000 * MB };
const none = { ...all, count: 0 };

async function append(
  change: Partial<CallRequest> = {},
  format: LaneFormat = 'current',
): Promise<{ id: string; entered: string }> {
  const call = newCallId(owner.component, owner.appid);
  const request = { appid: 'wxa', method: 'POST', path: SEND, query: [], waitMs: 0, departWithinMs: 60_000, ...change };
  await calls.create(call, request, 'g');
  return { id: call.id, entered: await calls.enterLane(call, request.path, format) };
}

async function appendAll(...changes: Partial<CallRequest>[]): Promise<string[]> {
  const ids: string[] = [];
  for (const change of changes) ids.push((await append(change)).id);
  return ids;
}

const keyed = (orderKey: string, change: Partial<CallRequest> = {}) => ({ orderKey, ...change });
const ids = (taken: readonly TakenCall[]) => taken.map(({ id }) => id);
const take = async (terms = all) => (await lane.step(owner, [], terms)).taken;
const end = ({ member }: TakenCall, how: ReturnedCall['how'] = 'settled', forMs = 0) => ({ member, how, forMs });
/** Returns calls as settled, and takes what may depart then. */
const settle = (...taken: TakenCall[]) =>
  lane.step(
    owner,
    taken.map((one) => end(one)),
    all,
  );
const key = () => server.redis.keyspace.lane(owner.component, owner.appid);
/** As if the process that took them had died, and their holds had ended. */
async function endHolds(): Promise<void> {
  for (const member of await server.redis.zrange(`${key()}:inflight`, 0, '-1')) {
    await server.redis.zadd(`${key()}:inflight`, 1, member);
  }
}
const close = (path: string) => ledger.close({ ...owner, path }, 'minute', Date.now(), {} as never);

it('calls depart in the order in which they entered, whatever their paths, then the lane rests', async () => {
  const entered = await appendAll({}, { path: READ }, {}, {}, { path: READ });
  const step = await lane.step(owner, [], all);
  expect(ids(step.taken)).toEqual(entered);
  expect(step.next).toBe('wait');
  expect(await lane.length(owner)).toBe(5);
  expect(await settle(...step.taken)).toMatchObject({ taken: [], next: 'rest' });
  expect(await server.redis.keys('*lane*')).toEqual([]);
});

it('contains a call once, however often it enters, and none that is settled', async () => {
  const { id } = await append();
  expect(await calls.enterLane(parseCallId(id)!, SEND, 'current')).toBe('in');
  expect(await lane.length(owner)).toBe(1);
  const over = newCallId(owner.component, owner.appid);
  expect(await calls.enterLane(over, SEND, 'current')).toBe('gone');
});

it('at most as many calls are in flight as the limit allows, in all steps together', async () => {
  const entered = await appendAll(...Array.from({ length: 15 }, () => ({})));
  const [first, second] = [await take({ ...all, count: 4 }), await lane.step(owner, [], all)];
  expect(ids([...first, ...second.taken])).toEqual(entered.slice(0, 10));
  expect(second.next).toBe('full');
  expect(second.forMs).toBeGreaterThan(0);
  expect(await take()).toEqual([]);
  expect(ids((await settle(first[3]!, second.taken[0]!)).taken)).toEqual(entered.slice(10, 12));
  // A call that was returned already frees nothing.
  expect(ids((await settle(first[3]!)).taken)).toEqual([]);
});

it('calls of a process that died are taken again when their holds end, and a late return changes nothing', async () => {
  const entered = await appendAll({}, {});
  const lost = await take();
  await lane.renew([{ owner, members: lost.map(({ member }) => member) }]);
  expect(await take()).toEqual([]);
  await endHolds();
  const again = await take();
  expect(ids(again)).toEqual(entered);
  await lane.renew([{ owner, members: lost.map(({ member }) => member) }]);
  expect((await lane.step(owner, [end(lost[0]!), end(lost[1]!, 'again', 50_000)], all)).taken).toEqual([]);
  expect(await server.redis.zcard(`${key()}:inflight`)).toBe(2);
  expect((await settle(...again)).next).toBe('rest');
});

it('takes no more bytes than it may; the size of the next call is known then', async () => {
  const body = Buffer.alloc(300 * 1024, 'x');
  const entered = await appendAll({ body }, { body }, {});
  const step = await lane.step(owner, [], { ...all, bytes: 400 * 1024 });
  expect(ids(step.taken)).toEqual(entered.slice(0, 1));
  expect(step.next).toBe('large');
  expect(step.bytes).toBeGreaterThan(body.length);
  expect(ids(await take({ ...all, bytes: step.bytes + 64 * 1024 }))).toEqual(entered.slice(1));
});

it('reports once that it must be woken, until a batch reads it', async () => {
  expect((await append()).entered).toBe('wake');
  // No batch has read it yet: the process that should wake it may have died.
  expect((await append()).entered).toBe('wake');
  await take({ ...all, count: 1 });
  expect((await append()).entered).toBe('in');
  const taken = await take();
  // Nothing waits, so another call could depart now.
  expect((await append()).entered).toBe('wake');
  expect(taken).toHaveLength(2);
});

it('a full lane is not woken by a call that enters, but by one that ends', async () => {
  await appendAll({}, {});
  const taken = await take({ ...all, limit: 1 });
  expect(taken).toHaveLength(1);
  expect((await lane.step(owner, [], { ...none, limit: 1 })).next).toBe('full');
  expect((await append()).entered).toBe('in');
  expect((await lane.step(owner, [end(taken[0]!)], { ...none, limit: 1 })).next).toBe('ready');
});

describe('calls with the same order key', () => {
  it('depart one after the other, whatever their paths; others pass them', async () => {
    const [a, other, b, c, x] = await appendAll(
      keyed('k'),
      {},
      keyed('k', { path: READ }),
      keyed('k'),
      keyed('x', { path: READ }),
    );
    const first = await take();
    expect(ids(first)).toEqual([a, other, x]);
    const second = await settle(first[0]!);
    expect(ids(second.taken)).toEqual([b]);
    const third = await settle(second.taken[0]!);
    expect(ids(third.taken)).toEqual([c]);
    // A process that resumes returns a call that has left the lane before.
    expect((await settle(first[0]!)).taken).toEqual([]);
    expect((await settle(third.taken[0]!, first[1]!, first[2]!)).next).toBe('rest');
    expect(await server.redis.keys('*lane*')).toEqual([]);
  });

  it('wait while the first one is retried, parked, or taken over', async () => {
    const [a, b, other] = await appendAll(keyed('k'), keyed('k', { path: READ }), {});
    const [taken, beside] = await take();
    expect(ids([taken!, beside!])).toEqual([a, other]);
    const retried = await lane.step(owner, [end(taken!, 'again', 50_000), end(beside!)], all);
    expect(retried).toMatchObject({ taken: [], next: 'wait' });
    const [entry] = await server.redis.zrange(`${key()}:aside`, 0, '-1');
    await server.redis.zadd(`${key()}:aside`, 1, entry!);

    await close(SEND);
    expect(await take()).toEqual([]);
    await ledger.reopen({ ...owner, path: SEND });
    expect(ids(await take())).toEqual([a]);
    await endHolds();
    const again = await take();
    expect(ids(again)).toEqual([a]);
    expect(ids((await settle(...again)).taken)).toEqual([b]);
  });

  it('a call with a later notBeforeAt joins the order of its key when it is due', async () => {
    const [later, now, behind] = await appendAll(
      keyed('k', { notBeforeAt: new Date(Date.now() + 50_000) }),
      keyed('k'),
      keyed('k'),
    );
    let taken = await take();
    expect(ids(taken)).toEqual([now]);
    const [entry] = await server.redis.zrange(`${key()}:aside`, 0, '-1');
    await server.redis.zadd(`${key()}:aside`, 1, entry!);
    expect(await take()).toEqual([]);
    for (const next of [behind, later]) {
      taken = [...(await settle(...taken)).taken];
      expect(ids(taken)).toEqual([next]);
    }
  });

  it('a first one that is cancelled or late lets the next one go, even while its path is closed', async () => {
    const [cancelled, late, last] = await appendAll(
      keyed('k'),
      keyed('k', { departWithinMs: 1 }),
      keyed('k', { path: READ }),
    );
    await close(SEND);
    let stuck: readonly TakenCall[] = [];
    await until('it is late', async () => {
      stuck = await take();
      return stuck.length > 0;
    });
    expect(ids(stuck)).toEqual([late]);
    // It has settled out of turn: the first one still holds the others back.
    expect((await settle(...stuck)).taken).toEqual([]);
    expect(await calls.cancel(parseCallId(cancelled!)!)).toBe(true);
    const first = await take();
    expect(ids(first)).toEqual([cancelled]);
    expect(ids((await settle(...first)).taken)).toEqual([last]);
  });

  it('a call that is cancelled in the middle of the order is skipped', async () => {
    const [a, b, c] = await appendAll(keyed('k'), keyed('k'), keyed('k'));
    const first = await take();
    expect(ids(first)).toEqual([a]);
    await calls.cancel(parseCallId(b!)!);
    const skipped = await take();
    expect(ids(skipped)).toEqual([b]);
    expect((await settle(...skipped)).taken).toEqual([]);
    expect(ids((await settle(...first)).taken)).toEqual([c]);
  });

  it('no order key is stored in clear', async () => {
    await appendAll(keyed('o6_openid-of-a-user'));
    for (const name of await server.redis.keys('*')) {
      expect(name).not.toContain('openid');
      const dump = await server.redis.dumpBuffer(name);
      expect(dump?.includes('openid')).toBe(false);
    }
  });
});

it('the other paths pass a closed one; parked calls wait for its opening', async () => {
  const [a, b, c, d] = await appendAll({}, { path: READ }, {}, { path: READ });
  await close(SEND);
  const open = await take();
  expect(ids(open)).toEqual([b, d]);
  const parked = await settle(...open);
  expect(parked).toMatchObject({ taken: [], next: 'wait' });
  expect(parked.forMs).toBeGreaterThan(20_000);
  expect((await append()).entered).toBe('in');
  expect((await append({ path: READ })).entered).toBe('wake');
  await ledger.reopen({ ...owner, path: SEND });
  expect(ids(await take()).slice(0, 2)).toEqual([a, c]);
});

it('a call that WeChat refused for its quota stays in its place', async () => {
  const [a, b] = await appendAll({}, {});
  const [first, second] = await take();
  await close(SEND);
  expect((await lane.step(owner, [end(second!, 'quota'), end(first!, 'quota')], all)).next).toBe('wait');
  await ledger.reopen({ ...owner, path: SEND });
  expect(ids(await take())).toEqual([a, b]);
});

it('without a token the whole lane waits', async () => {
  const [a, b] = await appendAll({}, { path: READ });
  const [first] = await take({ ...all, limit: 1 });
  const waiting = await lane.step(owner, [end(first!, 'token', 30_000)], all);
  expect(waiting).toMatchObject({ taken: [], next: 'wait' });
  expect(waiting.forMs).toBeLessThanOrEqual(30_000);
  await server.redis.hset(key(), 'held', 0);
  expect(ids(await take())).toEqual([a, b]);
});

it('a call that must wait although its deadline has passed is not taken before', async () => {
  const held = (await append({ departWithinMs: 1 })).id;
  let [taken] = await take();
  expect(taken?.id).toBe(held);
  const step = await lane.step(owner, [end(taken!, 'again', 50_000)], all);
  expect(step).toMatchObject({ taken: [], next: 'wait' });
  expect(step.forMs).toBeGreaterThan(30_000);
  const [entry] = await server.redis.zrange(`${key()}:aside`, 0, '-1');
  await server.redis.zadd(`${key()}:aside`, 1, entry!);
  [taken] = await take();
  expect(taken?.id).toBe(held);
});

it('a lane whose record is gone or settled does not keep the call', async () => {
  const [a, b] = await appendAll({}, {});
  const taken = await take();
  await server.redis.del(server.redis.keyspace.call(owner.component, owner.appid, a!));
  await calls.cancel(parseCallId(b!)!);
  expect(
    await lane.step(
      owner,
      taken.map((one) => end(one, 'again', 1_000)),
      all,
    ),
  ).toMatchObject({ next: 'rest' });
});

it('one at a time: a call that is retried holds its path back, and keeps its place', async () => {
  const one = { ...all, limit: 1 };
  const [a, b, c] = await appendAll({}, { path: READ }, {});
  const [first] = await take(one);
  expect(first?.id).toBe(a);
  const second = await lane.step(owner, [end(first!, 'again', 50_000)], one);
  expect(ids(second.taken)).toEqual([b]);
  expect((await lane.step(owner, [end(second.taken[0]!)], one)).taken).toEqual([]);
  await server.redis.hset(key(), `held ${SEND}`, 0);
  const third = await lane.step(owner, [], one);
  expect(ids(third.taken)).toEqual([a]);
  expect(ids((await lane.step(owner, [end(third.taken[0]!)], one)).taken)).toEqual([c]);
});

describe('beside a lane of the former format', () => {
  it('the calls of a path there depart first, and those of an order key', async () => {
    const former = new FormerLaneStore(server.redis);
    const [first, second] = [await append({}, 'former'), await append(keyed('k', { path: READ }), 'former')];
    const [behind, free, ordered] = await appendAll({}, { path: '/cgi-bin/tags/get' }, keyed('k', { path: '/other' }));
    expect(ids(await take())).toEqual([free]);
    let step = await former.next(owner, undefined);
    for (const { id } of [first, second]) {
      expect(step).toMatchObject({ do: 'call', id });
      step = await former.next(owner, step.do === 'call' ? step.entry : undefined);
    }
    expect(step).toEqual({ do: 'rest' });
    expect(ids(await take())).toEqual([behind, ordered]);
  });

  it('a call enters it while older processes are live, unless its order key waits in the other', async () => {
    const former = new FormerLaneStore(server.redis);
    await append(keyed('k'));
    await append(keyed('k'), 'former');
    await append({}, 'former');
    expect([await lane.length(owner), await former.length(owner)]).toEqual([2, 1]);
  });

  it('what waits moves there for older processes, unless a call of its order key is in flight', async () => {
    const former = new FormerLaneStore(server.redis);
    const [flying, behind, a, b, later, free] = await appendAll(
      keyed('k'),
      keyed('k'),
      keyed('x', { path: READ }),
      keyed('x', { path: READ }),
      { notBeforeAt: new Date(Date.now() + 50_000) },
      {},
    );
    const [taken] = await take({ ...all, limit: 1 });
    expect(taken?.id).toBe(flying);
    expect(await moveToFormer(server.redis, owner)).toBe(true);
    expect([await lane.length(owner), await former.length(owner)]).toEqual([2, 4]);
    expect(await moveToFormer(server.redis, owner)).toBe(false);

    const sent: string[] = [];
    let step = await former.next(owner, undefined);
    while (step.do === 'call') {
      sent.push(step.id);
      step = await former.next(owner, step.entry);
    }
    expect(sent).toEqual([a, b, free]);
    expect(step.do).toBe('wait');
    expect(await former.length(owner)).toBe(1);
    expect(await calls.cancel(parseCallId(later!)!)).toBe(true);
    // The call in flight is repeated: it moves, and with it what is behind it.
    await lane.step(owner, [end(taken!, 'requeue')], none);
    await moveToFormer(server.redis, owner);
    step = await former.next(owner, undefined);
    expect(step).toMatchObject({ do: 'call', id: flying });
    expect(step.do === 'call' && (await former.next(owner, step.entry))).toMatchObject({ do: 'call', id: behind });
    expect(await lane.step(owner, [], all)).toMatchObject({ next: 'rest' });
  });
});
