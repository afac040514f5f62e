import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { HostGate } from './host-gate.ts';
import { RefusedAddresses } from './refused-addresses.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const forbidden = new Failure('ip_not_allowed', 'operator', 'add the address to the list', { errcode: 61004 });
const unreached = new Failure('wechat_unreachable', 'retry', 'no connection');

function gateAt(clock: { now: number }): HostGate {
  return new HostGate(server.redis, () => clock.now);
}

it.each([
  ['whose address WeChat refused', forbidden, 30_000],
  ['that got no connection', unreached, 5_000],
])(
  'a host %s is degraded until its next probe is overdue, also where it has none to make',
  (_, failure, intervalMs) => {
    const clock = { now: 0 };
    const gate = gateAt(clock);
    gate.close('wxc', failure);
    clock.now = intervalMs;
    expect([gate.closed('wxc'), gate.isDegraded]).toEqual([undefined, true]);
    clock.now = 2 * intervalMs - 1;
    expect(gate.isDegraded).toBe(true);
    clock.now = 2 * intervalMs;
    expect(gate.isDegraded).toBe(false);
  },
);

it('a host that stays refused stays degraded from probe to probe, and is probed ever less often', () => {
  const clock = { now: 0 };
  const gate = gateAt(clock);
  expect(gate.close('wxc', forbidden)).toBe(true);
  for (const waitMs of [30_000, 60_000, 120_000]) {
    expect(gate.closed('wxc')!.retryInMs).toBe(waitMs);
    clock.now += waitMs;
    gate.pass('wxc');
    expect(() => gate.pass('wxc')).toThrow('add the address to the list');
    expect(gate.isDegraded).toBe(true);
    expect(gate.close('wxc', forbidden)).toBe(false);
  }
  gate.open('wxc');
  expect([gate.closed('wxc'), gate.isDegraded]).toEqual([undefined, false]);
});

it('the address that WeChat refused last is noted, as WeChat shows it', async () => {
  const refused = new RefusedAddresses(server.redis);
  expect(await refused.last('wxn')).toBeNull();
  const gate = gateAt({ now: 0 });
  gate.close('wxn', unreached);
  const message =
    'WeChat refused it (errcode 61004, "access clientip is not registered requestIP: 60.221.*.* rid: 1-2-3")';
  gate.close('wxn', new Failure('ip_not_allowed', 'operator', message, { errcode: 61004 }));
  await until('it is noted', async () => (await refused.last('wxn')) !== null);
  expect(await refused.last('wxn')).toEqual({ ip: '60.221.*.*', at: expect.any(Date) });
});
