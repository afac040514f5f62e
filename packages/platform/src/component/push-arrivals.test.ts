import { EnvelopeFailure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { PushArrivals } from './push-arrivals.ts';

let server: TestRedis;
let one: PushArrivals;
let other: PushArrivals;
beforeAll(async () => {
  server = await startRedis();
});
beforeEach(async () => {
  await server.redis.flushall();
  one = new PushArrivals(server.redis);
  other = new PushArrivals(server.redis);
});
afterAll(() => server.stop());

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1_000);
const signature = new EnvelopeFailure(-40001);

it.each([
  [-40001, 'signature', 'WX_TOKEN'],
  [-40007, 'decryption', 'WX_ENCODING_AES_KEY'],
  [-40008, 'decryption', 'WX_ENCODING_AES_KEY'],
  [-40005, 'appid', 'WX_COMPONENT_APPID'],
  [-40002, 'envelope', 'proxy'],
  [-40010, 'envelope', 'proxy'],
] as const)('error %i is reported with the reason %s and with what to set: %s', async (code, reason, setting) => {
  one.refused('wxc', new EnvelopeFailure(code), at(1));
  await one.flush();
  expect((await one.read('wxc')).refused).toEqual([
    { reason, count: 1, since: at(1), lastAt: at(1), remedy: 'operator', message: expect.stringContaining(setting) },
  ]);
});

it('refusals are counted over all processes, by component and reason, the most certain reason first', async () => {
  one.refused('wxc', signature, at(1));
  one.refused('wxc', signature, at(2));
  one.refused('wxd', signature, at(3));
  await one.flush();
  other.refused('wxc', signature, at(9));
  other.refused('wxc', new EnvelopeFailure(-40007), at(5));
  await other.flush();
  // A process that writes late does not move the time back.
  one.refused('wxc', signature, at(4));
  await one.flush();
  expect((await other.read('wxc')).refused).toMatchObject([
    { reason: 'decryption', count: 1, since: at(5), lastAt: at(5) },
    { reason: 'signature', count: 4, since: at(1), lastAt: at(9) },
  ]);
  expect((await other.read('wxd')).refused).toMatchObject([{ count: 1 }]);
  expect(await other.read('wxe')).toEqual({ lastPushAt: null, refused: [] });
});

it('an accepted push resets the counts, even those that another process has not written', async () => {
  one.refused('wxc', signature, at(1));
  await one.flush();
  one.refused('wxc', signature, at(2));
  other.refused('wxc', signature, at(3));
  one.accepted('wxc', at(4));
  await Promise.all([one.flush(), other.flush()]);
  expect(await one.read('wxc')).toEqual({ lastPushAt: at(4), refused: [] });
  other.refused('wxc', signature, at(5));
  await other.flush();
  expect((await one.read('wxc')).refused).toMatchObject([{ count: 1, since: at(5) }]);
});

it('a flood of refusals is written once, and expires after a day', async () => {
  const before = Number(/total_commands_processed:(\d+)/.exec(await server.redis.info('stats'))![1]);
  for (let n = 0; n < 10_000; n++) one.refused('wxc', signature, at(n));
  await one.flush();
  const after = Number(/total_commands_processed:(\d+)/.exec(await server.redis.info('stats'))![1]);
  expect(after - before).toBeLessThan(20);
  expect((await one.read('wxc')).refused).toMatchObject([{ count: 10_000, since: at(0), lastAt: at(9_999) }]);
  expect(await server.redis.pttl(server.redis.keyspace.refusedPushes('wxc'))).toBeGreaterThan(86_000_000);
});

it('writes by itself, without anyone asking', async () => {
  one.refused('wxc', signature, at(1));
  await expect.poll(async () => (await other.read('wxc')).refused.length).toBe(1);
});
