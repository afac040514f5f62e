import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { type QuotaEvent, QuotaEvents } from './quota-events.ts';

let server: TestRedis;
let events: QuotaEvents;
beforeAll(async () => {
  server = await startRedis();
  events = new QuotaEvents(server.redis, ['wxc', 'wxd']);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const event = (component: string, used: number): QuotaEvent => ({
  ...{ level: 'warning', component, appid: 'wxa', path: '/cgi-bin/user/get', used, limit: 10 },
  at: '2026-11-22T10:00:00.000Z',
});
const usedAfter = async (position: string) => (await events.after(position)).map((placed) => placed.event.used);

it('returns the events after a position, of all components', async () => {
  await events.append(event('wxc', 1));
  const end = await events.end();
  await events.append(event('wxd', 2));
  await events.append(event('wxc', 3));
  // The order of two in the same millisecond is unknown.
  expect((await usedAfter(end)).sort()).toEqual([2, 3]);
  expect(await events.after(await events.end())).toEqual([]);
  expect((await usedAfter('0')).sort()).toEqual([1, 2, 3]);
});

it('goes on behind each event, in every component’s stream', async () => {
  for (const [component, used] of [
    ['wxc', 1],
    ['wxd', 2],
    ['wxc', 3],
    ['wxd', 4],
  ] as const) {
    await events.append(event(component, used));
  }
  const all = await events.after('0');
  for (const [i, { position }] of all.entries()) {
    expect(await usedAfter(position)).toEqual(all.slice(i + 1).map((placed) => placed.event.used));
  }
});

it('takes whatever is no place for the beginning, and another deployment’s for nothing of its own', async () => {
  await events.append(event('wxc', 1));
  for (const position of [
    '',
    'nonsense',
    'wxc=1',
    'wxc=1-',
    `wxc=${'9'.repeat(19)}-0`,
    `wxx=1-0,${'a'.repeat(9_000)}`,
  ]) {
    expect([position.slice(0, 20), await usedAfter(position)]).toEqual([position.slice(0, 20), [1]]);
  }
});

it('keeps the last thousand or so', async () => {
  for (let i = 0; i < 1_400; i++) await events.append(event('wxc', i));
  expect(await server.redis.xlen('wx:{wxc:wxc}:quota-events')).toBeLessThan(1_200);
  const first = await events.after('0');
  expect(first.length).toBeLessThanOrEqual(100);
  expect((await usedAfter(first.at(-1)!.position))[0]).toBe(first.at(-1)!.event.used + 1);
});
