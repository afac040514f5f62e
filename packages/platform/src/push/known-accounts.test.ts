import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { announceHandle } from '../authorizer/announce-handle.ts';
import { Hints } from '../redis/hints.ts';
import { KnownAccounts } from './known-accounts.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('reads an account again whose handle has changed, and knows the former one until then', async () => {
  let handle = 'random';
  let readings = 0;
  const held: (() => void)[] = [];
  const accounts = new KnownAccounts({
    find: async () => {
      readings++;
      const found = { kind: null, userName: null, handle } as never;
      if (readings === 2) await new Promise<void>((done) => held.push(done));
      return found;
    },
  });
  const subscriber = server.connect();
  const hints = new Hints(subscriber);
  const unsubscribe = accounts.follow(hints);
  const isFollowing = async () => {
    const [, count] = (await server.redis.pubsub('NUMSUB', hints.channels.authorizers)) as [string, number];
    return Number(count) === 1;
  };
  await until('it follows', isFollowing);
  expect(await accounts.read('wxc', 'wxa')).toMatchObject({ handle: 'random' });
  expect(await accounts.read('wxc', 'wxa')).toMatchObject({ handle: 'random' });
  expect(readings).toBe(1);

  const hinted = async () => {
    let seen = false;
    const stop = hints.on(hints.channels.authorizers, () => {
      seen = true;
    });
    await announceHandle(server.redis, 'wxc', 'wxa');
    await until('the hint has arrived', () => seen);
    stop();
  };
  await hinted();
  // This reading starts before the change and ends after it.
  expect(accounts.get('wxc', 'wxa')).toMatchObject({ handle: 'random' });
  await until('the second reading has started', () => held.length === 1);
  handle = 'shop-1';
  await hinted();
  held[0]!();
  expect(await accounts.read('wxc', 'wxa')).toMatchObject({ handle: 'shop-1' });
  expect(accounts.get('wxc', 'wxa')).toMatchObject({ handle: 'shop-1' });
  expect(readings).toBe(3);
  unsubscribe();
});
