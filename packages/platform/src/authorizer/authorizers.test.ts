import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { Components } from '../component/components.ts';
import { Seals } from '../sealing/seals.ts';
import { AuthorizerStore } from './authorizer-store.ts';
import { Authorizers } from './authorizers.ts';

let server: TestRedis;
let database: TestDatabase;
beforeAll(async () => {
  [server, database] = await Promise.all([startRedis(), startDatabase()]);
});
afterAll(() => Promise.all([server.stop(), database.stop()]));

const component = { appid: 'wxc', appsecret: 's', token: 't', encodingAesKey: 'a'.repeat(43) };

it('that was revoked is not cached under its other name', async () => {
  const store = new AuthorizerStore(database.sql, new Seals([randomBytes(32)]));
  const links = { reauthorizationLink: async () => 'link' };
  const authorizers = new Authorizers({
    store,
    components: new Components([component]),
    redis: server.redis,
    links,
    outage: { isOut: false, check: async () => true },
  });
  await store.grants.save('wxc', 'wxa', { refreshToken: 'r', scopes: [1], authorizedAt: new Date() });
  expect(await authorizers.findActive('wxa', 'wxc')).toMatchObject({ state: 'active' });
  await store.grants.change('wxc', 'wxa', 1, { state: 'revoked' });
  await expect(authorizers.findActive('wxa')).rejects.toMatchObject({ code: 'reauthorize', linkId: 'link' });
  await expect(authorizers.findActive('wxa', 'wxc')).rejects.toMatchObject({ code: 'reauthorize' });
});

it('that gets a handle shows it at once, and other processes get a hint', async () => {
  const store = new AuthorizerStore(database.sql, new Seals([randomBytes(32)]));
  const authorizers = new Authorizers({
    store,
    components: new Components([component, { ...component, appid: 'wxd' }]),
    redis: server.redis,
    links: { reauthorizationLink: async () => undefined },
    outage: { isOut: false, check: async () => true },
  });
  for (const [owner, appid] of [
    ['wxc', 'wx1'],
    ['wxc', 'wx2'],
    ['wxd', 'wx2'],
    ['wxgone', 'wx3'],
  ] as const) {
    await store.grants.save(owner, appid, { refreshToken: 'r', scopes: [1], authorizedAt: new Date() });
  }
  const subscriber = server.connect();
  const hints: string[] = [];
  subscriber.on('message', (_channel: string, hint: string) => hints.push(hint));
  await subscriber.subscribe(server.redis.keyspace.channels.authorizers);

  await authorizers.find('wx1');
  expect(await authorizers.setHandle('wx1', undefined, 'shop-1')).toMatchObject({ appid: 'wx1', handle: 'shop-1' });
  expect(await authorizers.find('wx1')).toMatchObject({ handle: 'shop-1' });
  await until('the hint has arrived', () => hints.includes('wxc/wx1'));
  await expect(authorizers.setHandle('wx2', 'wxc', 'shop-1')).rejects.toMatchObject({ code: 'handle_taken' });
  expect(await authorizers.setHandle('wx2', 'wxd', 'shop-1')).toMatchObject({ component: 'wxd', handle: 'shop-1' });
  await expect(authorizers.setHandle('wx2', undefined, 'x')).rejects.toMatchObject({ code: 'ambiguous_component' });

  expect(await authorizers.findByHandle('shop-1')).toHaveLength(2);
  expect(await authorizers.findByHandle('shop-1', 'wxd')).toMatchObject([{ component: 'wxd', appid: 'wx2' }]);
  // A component that this deployment no longer has.
  await store.handles.choose('wxgone', 'wx3', 'shop-3');
  expect(await authorizers.findByHandle('shop-3')).toEqual([]);
});
