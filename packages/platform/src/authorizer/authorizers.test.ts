import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
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
