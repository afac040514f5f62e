import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { Ledger } from '../../quota/ledger.ts';
import { Seals } from '../../sealing/seals.ts';
import type { CallRequest } from '../call.ts';
import { newCallId } from '../call-id.ts';
import { CallStore } from '../call-store.ts';
import { LaneStore } from './lane-store.ts';
import { LaneViews } from './lane-view.ts';

let server: TestRedis;
let calls: CallStore;
let views: LaneViews;
beforeAll(async () => {
  server = await startRedis();
  calls = new CallStore(server.redis, new Seals([randomBytes(32)]));
  views = new LaneViews(server.redis, { find: async (appid) => ({ component: 'wxc', appid }) });
});
afterAll(() => server.stop());

const unlimited = { dailyLimit: undefined, minuteLimit: undefined };
const [SEND, READ] = ['/cgi-bin/message/custom/send', '/cgi-bin/user/info'];

async function append(change: Partial<CallRequest> = {}): Promise<void> {
  const call = newCallId('wxc', 'wxa');
  const request = { appid: 'wxa', method: 'POST', path: SEND, query: [], waitMs: 0, departWithinMs: 60_000, ...change };
  await calls.create(call, request, 'g');
  await calls.enterLane(call, request.path, 'current');
}

it('a lane shows how much waits, since when, for which order keys and for which closed quotas', async () => {
  const empty = { depth: 0, oldestAt: null, inFlight: 0, parked: 0, orderKeys: 0, waitingFor: [] };
  expect(await views.find('wxa')).toEqual(empty);

  await append({ path: READ });
  for (const orderKey of ['a', 'a', 'b', undefined]) await append(orderKey === undefined ? {} : { orderKey });
  const before = await views.find('wxa');
  expect(before).toMatchObject({ depth: 5, inFlight: 0, parked: 0, orderKeys: 2, waitingFor: [] });
  expect(Math.abs(before.oldestAt!.getTime() - Date.now())).toBeLessThan(60_000);

  const ledger = new Ledger(server.redis);
  const pair = { component: 'wxc', appid: 'wxa', path: SEND };
  const taken = await ledger.take(pair, unlimited);
  if (taken.go !== 'yes') throw new Error('the quota is closed already');
  await ledger.close(pair, 'day', taken.departedAt, unlimited);
  const closed = await views.find('wxa');
  // The second call of order key `a` waits for the first one.
  expect(closed).toMatchObject({ depth: 5, parked: 3, waitingFor: [{ path: SEND, calls: 3 }] });
  const { closedUntil } = await ledger.usage(pair, unlimited);
  expect(Math.abs(closed.waitingFor[0]!.until.getTime() - closedUntil!.getTime())).toBeLessThan(60_000);

  await new LaneStore(server.redis).step({ component: 'wxc', appid: 'wxa' }, [], { limit: 10, count: 10, bytes: 1e9 });
  expect(await views.find('wxa')).toMatchObject({
    depth: 5,
    inFlight: 1,
    parked: 3,
    oldestAt: before.oldestAt && expect.any(Date),
  });
});
