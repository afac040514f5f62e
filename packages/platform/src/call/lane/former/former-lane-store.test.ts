import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../../test/redis-server.ts';
import { until } from '../../../../test/until.ts';
import { Ledger } from '../../../quota/ledger.ts';
import { Seals } from '../../../sealing/seals.ts';
import type { CallRequest } from '../../call.ts';
import { newCallId, parseCallId } from '../../call-id.ts';
import { CallStore } from '../../call-store.ts';
import { type FormerLaneStep, FormerLaneStore } from './former-lane-store.ts';

let server: TestRedis;
let calls: CallStore;
let lane: FormerLaneStore;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  calls = new CallStore(server.redis, new Seals([randomBytes(32)]));
  lane = new FormerLaneStore(server.redis);
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const owner = { component: 'wxc', appid: 'wxa' };
const [SEND, READ] = ['/cgi-bin/message/custom/send', '/cgi-bin/user/info'];

async function append(change: Partial<CallRequest> = {}): Promise<{ id: string; entered: unknown }> {
  const call = newCallId(owner.component, owner.appid);
  const request = { appid: 'wxa', method: 'POST', path: SEND, query: [], waitMs: 0, departWithinMs: 60_000 };
  const whole = { ...request, ...change };
  await calls.create(call, whole, 'g');
  return { id: call.id, entered: await calls.enterLane(call, whole.path, 'former') };
}

async function appendAll(...paths: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const path of paths) ids.push((await append({ path })).id);
  return ids;
}

const called = (step: FormerLaneStep) => (step.do === 'call' ? step : expect.unreachable(`it is to ${step.do}`));

/** Takes calls until the lane has none that may depart. */
async function drain(): Promise<{ ids: string[]; last: FormerLaneStep }> {
  const ids: string[] = [];
  let step = await lane.next(owner, undefined);
  while (step.do === 'call') {
    ids.push(step.id);
    step = await lane.next(owner, step.entry);
  }
  return { ids, last: step };
}

it('returns its calls in the order in which they entered, whatever their paths, then rests', async () => {
  const ids = await appendAll(SEND, READ, SEND, SEND, READ);
  expect(await drain()).toEqual({ ids, last: { do: 'rest' } });
  expect(await server.redis.keys('*lane*')).toEqual([]);
});

it('contains a call once, however often it enters, and none that is settled', async () => {
  const { id } = await append();
  expect(await calls.enterLane(parseCallId(id)!, SEND, 'former')).toBe('in');
  expect(await lane.length(owner)).toBe(1);
  const over = newCallId(owner.component, owner.appid);
  const request = { appid: 'wxa', method: 'POST', path: SEND, query: [], waitMs: 0, departWithinMs: 60_000 };
  expect(await calls.enterLane(over, SEND, 'former')).toBe('gone');
  await calls.create(over, request, 'g');
  await calls.cancel(over);
  expect(await calls.enterLane(over, SEND, 'former')).toBe('gone');
  expect((await drain()).ids).toEqual([id]);
});

it('returns the same call again until it is done', async () => {
  const [first, second] = await appendAll(SEND, SEND);
  expect(called(await lane.next(owner, undefined)).id).toBe(first);
  const again = called(await lane.next(owner, undefined));
  expect(again.id).toBe(first);
  expect(called(await lane.next(owner, again.entry)).id).toBe(second);
  // A second run of a batch that was taken over passes the same entry again.
  expect(called(await lane.next(owner, again.entry)).id).toBe(second);
});

it('reports once that it must be woken, until a batch reads it', async () => {
  expect((await append()).entered).toBe('wake');
  // No batch has read it yet: the process that should wake it may have died.
  expect((await append()).entered).toBe('wake');
  await lane.next(owner, undefined);
  expect((await append()).entered).toBe('in');
  await drain();
  expect((await append()).entered).toBe('wake');
});

it('lets the other paths pass a closed one, and keeps that one’s order', async () => {
  const [a, b, c, d] = await appendAll(SEND, READ, SEND, READ);
  await ledger.close({ ...owner, path: SEND }, 'minute', Date.now(), {} as never);
  const { ids, last } = await drain();
  expect(ids).toEqual([b, d]);
  expect(last).toMatchObject({ do: 'wait' });
  expect((last as { forMs: number }).forMs).toBeGreaterThan(50_000);
  expect((await append({ path: SEND })).entered).toBe('in');
  expect((await append({ path: READ })).entered).toBe('wake');

  await ledger.reopen({ ...owner, path: SEND });
  expect((await drain()).ids.slice(0, 2)).toEqual([a, c]);
});

it('waits for the probe of a closed day, not for midnight', async () => {
  await appendAll(SEND);
  await ledger.close({ ...owner, path: SEND }, 'day', Date.now(), {} as never);
  const { last } = await drain();
  // On the last minutes of a Chinese day midnight is nearer.
  expect((last as { forMs: number }).forMs).toBeLessThanOrEqual(15 * 60_000);
});

it('a path that is held lets the others pass; a lane that is held lets none', async () => {
  const [a, b] = await appendAll(SEND, READ);
  const first = called(await lane.next(owner, undefined));
  await lane.holdPath(owner, first, 60_000);
  expect(called(await lane.next(owner, undefined)).id).toBe(b);
  await lane.hold(owner, 60_000);
  expect((await drain()).ids).toEqual([]);
  await lane.hold(owner, 0);
  await lane.holdPath(owner, first, 0);
  expect((await drain()).ids).toEqual([a, b]);
});

it('a call that must wait although its deadline has passed is not returned before, and others are', async () => {
  const held = (await append({ path: SEND, departWithinMs: 1 })).id;
  const step = called(await lane.next(owner, undefined));
  expect(step.id).toBe(held);
  await lane.holdPath(owner, step, 0);
  await until(
    'it is late, and returned for that reason',
    async () => (await lane.next(owner, undefined)).do === 'call',
  );
  await lane.holdPath(owner, step, 60_000);
  const [behind, other] = await appendAll(SEND, READ);
  const { ids, last } = await drain();
  expect(ids).toEqual([other]);
  expect(last).toMatchObject({ do: 'wait' });
  await lane.holdPath(owner, step, 0);
  expect((await drain()).ids).toEqual([held, behind]);
});

it('a call with a later notBeforeAt waits aside, and gets its old place at its time', async () => {
  const aside = `${server.redis.keyspace.formerLane(owner.component, owner.appid)}:aside`;
  const early = (await append({ notBeforeAt: new Date(Date.now() + 600_000) })).id;
  const [second] = await appendAll(SEND);
  expect((await drain()).ids).toEqual([second]);
  const [third] = await appendAll(SEND);
  const [entry] = await server.redis.zrange(aside, 0, '-1');
  await server.redis.zadd(aside, '1', entry!);
  expect(called(await lane.next(owner, undefined)).id).toBe(early);
  expect((await drain()).ids).toEqual([early, third]);
});

it('wakes for a call whose time is before all others', async () => {
  await append({ notBeforeAt: new Date(Date.now() + 60_000) });
  expect(await lane.next(owner, undefined)).toMatchObject({ do: 'wait' });
  expect((await append({ notBeforeAt: new Date(Date.now() + 90_000) })).entered).toBe('in');
  expect((await append({ notBeforeAt: new Date(Date.now() + 30_000) })).entered).toBe('wake');
});

it('returns a call whose deadline has passed first, even while its path is closed', async () => {
  await appendAll(SEND);
  const late = (await append({ departWithinMs: 1 })).id;
  await ledger.close({ ...owner, path: SEND }, 'minute', Date.now(), {} as never);
  await until('it is late', async () => {
    const step = await lane.next(owner, undefined);
    return step.do === 'call' && step.id === late;
  });
  const { ids, last } = await drain();
  expect(ids).toEqual([late]);
  expect(last).toMatchObject({ do: 'wait' });
});

it('waits no longer than until its nearest deadline', async () => {
  await append({ departWithinMs: 5_000 });
  await ledger.close({ ...owner, path: SEND }, 'minute', Date.now(), {} as never);
  expect(((await drain()).last as { forMs: number }).forMs).toBeLessThanOrEqual(5_000);
});
