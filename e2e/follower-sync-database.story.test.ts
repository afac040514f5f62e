import { afterAll, beforeAll, expect, it } from 'vitest';
import { newDatabase } from '../packages/platform/test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../packages/platform/test/mariadb-server.ts';
import { completed, exported, followersAtWeChat, startSync, syncReaches } from './support/follower-syncs.ts';
import { House } from './support/house.ts';

const ACCOUNT = 'wx00000000000000c3';
const FOLLOWERS = 12_000;

let server: MariaDbServer;
let house: House;
beforeAll(async () => {
  server = await startMariaDb();
  house = await House.open({
    accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '大号', followers: FOLLOWERS }],
    env: { DATABASE_URL: await newDatabase(server) },
  });
  await house.authorized(ACCOUNT);
});
afterAll(async () => {
  await house?.close();
  await server?.stop();
});

it('goes on by itself after the database has died in the middle and come back', async () => {
  await house.wechat.control('POST', '/delay', { path: '/cgi-bin/user/info/batchget', ms: 100 });
  const { id } = await startSync(house, ACCOUNT);
  await syncReaches(house, id, 'has some details', (sync) => sync.detailed >= 2_000);
  await server.kill();
  await server.restart();
  expect(await completed(house, id, 90_000)).toMatchObject({ listed: FOLLOWERS, detailed: FOLLOWERS });
  expect((await exported(house, ACCOUNT)).map((f) => f.openid)).toEqual(await followersAtWeChat(house, ACCOUNT));
  expect(house.workers[0]!.running).toBe(true);
});

it('answers a call while a sync is at work', async () => {
  const { id } = await startSync(house, ACCOUNT);
  const running = await syncReaches(house, id, 'has details', (sync) => sync.detailed > 0);
  expect(running.state).toBe('running');
  const call = await house.call(ACCOUNT, { method: 'GET', path: '/cgi-bin/tags/get' });
  expect(call.body.state).toBe('completed');
  const after = await syncReaches(house, id, 'is there', () => true);
  expect(after.detailed).toBeLessThan(FOLLOWERS);
  await house.wechat.control('DELETE', '/faults');
  await completed(house, id);
});
