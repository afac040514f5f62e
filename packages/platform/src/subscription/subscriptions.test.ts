import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Events } from '../events.ts';
import { type Actor, Audit } from '../key/audit.ts';
import { Seals } from '../sealing/seals.ts';
import type { SubscriptionInput } from './check-input.ts';
import { SubscriptionSnapshot } from './subscription-snapshot.ts';
import { SubscriptionStore } from './subscription-store.ts';
import { Subscriptions } from './subscriptions.ts';

const by: Actor = { id: 'API_KEY', address: null, requestId: null };
const input: SubscriptionInput = {
  ...{ name: 'n', url: 'https://app.example.com/wx', format: 'json', filter: {}, token: null, encodingAesKey: null },
  ...{ maxInFlight: 10, timeoutMs: 15_000, giveUpAfterMs: null },
};

let database: TestDatabase;
let server: TestRedis;
let subscriptions: Subscriptions;
let snapshot: SubscriptionSnapshot;
let isOlderLive: boolean;
let checked: string[];
let woken: string[];
beforeAll(async () => {
  database = await startDatabase();
  server = await startRedis();
});
afterAll(async () => {
  await server?.stop();
  await database?.stop();
});
beforeEach(async () => {
  await database.sql.deleteFrom('subscriptions').execute();
  await database.sql.deleteFrom('api_key_audit').execute();
  isOlderLive = false;
  checked = [];
  woken = [];
  const store = new SubscriptionStore(database.sql, new Seals([randomBytes(32)]));
  subscriptions = new Subscriptions({
    redis: server.redis,
    store,
    sender: {
      async check(url) {
        checked.push(url);
        if (url.includes('private')) throw new Failure('address_not_allowed', 'fix-request', 'It is private.');
      },
    },
    wake: async (id) => void woken.push(id),
    isOlderLive: () => Promise.resolve(isOlderLive),
    components: ['wxc'],
    retentionMs: 604_800_000,
  });
  snapshot = new SubscriptionSnapshot({ redis: server.redis, store, events: new Events() });
  await snapshot.refresh();
});

const audited = async () => (await new Audit(database.sql).list({ limit: 100 })).items.map(({ action }) => action);

it('a program for third-party platforms gets its first ticket at once', async () => {
  await subscriptions.create(input, by);
  expect(woken).toEqual([]);
  const messageUrl = 'https://old.example.com/$APPID$/message';
  const { id } = await subscriptions.create({ ...input, format: 'wechat-component', component: 'wxc', messageUrl }, by);
  expect(woken).toEqual([id]);
});

it('every change of a subscription is in a copy that is refreshed afterwards', async () => {
  const created = await subscriptions.create(input, by);
  await snapshot.refresh();
  expect(snapshot.find(created.id)).toEqual(created);

  const changed = await subscriptions.change(created.id, { name: 'other' }, by);
  await snapshot.refresh();
  expect(snapshot.find(created.id)).toEqual(changed);

  const secrets = await subscriptions.rotateSecrets(created.id, 60_000, by);
  expect(secrets.signing.map(({ secret }) => secret)).toEqual([expect.any(Buffer), created.secrets.signing[0]!.secret]);
  await snapshot.refresh();
  expect(snapshot.find(created.id)?.secrets).toEqual(secrets);

  await subscriptions.delete(created.id, by);
  await snapshot.refresh();
  expect(snapshot.find(created.id)).toBeUndefined();
  expect((await audited()).toSorted()).toEqual(
    ['subscription created', 'subscription changed', 'subscription secret rotated', 'subscription deleted'].toSorted(),
  );
});

it('all addresses of a subscription are checked before it is stored or changed', async () => {
  await expect(subscriptions.create({ ...input, url: 'https://private.example/' }, by)).rejects.toMatchObject({
    code: 'address_not_allowed',
  });
  const program = { ...input, format: 'wechat-component', component: 'wxc' } as const;
  const privateMessages = { ...program, messageUrl: 'https://private.example/$APPID$' };
  await expect(subscriptions.create(privateMessages, by)).rejects.toMatchObject({ code: 'address_not_allowed' });
  expect((await subscriptions.list({ limit: 10 })).items).toEqual([]);

  checked = [];
  const messageUrl = 'https://app.example.com/$APPID$';
  const { id } = await subscriptions.create({ ...program, messageUrl }, by);
  expect(checked).toEqual([input.url, messageUrl]);
  for (const change of [{ url: 'https://private.example/' }, { messageUrl: 'https://private.example/$APPID$' }]) {
    await expect(subscriptions.change(id, change, by)).rejects.toMatchObject({ code: 'address_not_allowed' });
  }
  expect(await subscriptions.find(id)).toMatchObject({ url: input.url, messageUrl });
  checked = [];
  await subscriptions.change(id, { name: 'other' }, by);
  expect(checked).toEqual([]);
});

it('none is created while an older process is live, since that would deliver nothing', async () => {
  isOlderLive = true;
  await expect(subscriptions.create(input, by)).rejects.toMatchObject({ code: 'unavailable', remedy: 'retry' });
  isOlderLive = false;
  await subscriptions.create(input, by);
});

it('one that does not exist is reported as unknown', async () => {
  const unknown = { code: 'unknown_subscription', remedy: 'fix-request' };
  await expect(subscriptions.find('x')).rejects.toMatchObject(unknown);
  await expect(subscriptions.change('x', {}, by)).rejects.toMatchObject(unknown);
  await expect(subscriptions.delete('x', by)).rejects.toMatchObject(unknown);
  await expect(subscriptions.rotateSecrets('x', 0, by)).rejects.toMatchObject(unknown);
});
