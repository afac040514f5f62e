import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  BATCH,
  completed,
  exported,
  type FollowerBody,
  followersAtWeChat,
  LIST,
  type SyncBody,
  startSync,
} from './support/follower-syncs.ts';
import { House } from './support/house.ts';

const BIG = 'wx00000000000000c3';
const SMALL = 'wx00000000000000c4';
const EMPTY = 'wx00000000000000c5';
const FOLLOWERS = 25_000;

let house: House;
beforeAll(async () => {
  house = await House.open({
    accounts: [
      { appid: BIG, kind: 'official-account', nickName: '大号', followers: FOLLOWERS },
      { appid: SMALL, kind: 'official-account', nickName: '小号', followers: 40 },
      { appid: EMPTY, kind: 'official-account', nickName: '空号', followers: 0 },
    ],
  });
  for (const appid of [BIG, SMALL, EMPTY]) await house.authorized(appid);
});
afterAll(() => house?.close());

it('copies every follower with details, one sync at a time, asking WeChat no more than it must', async () => {
  const sync = await startSync(house, BIG);
  expect(sync).toMatchObject({ phase: 'listing', listed: 0, detailed: 0, total: null, finishedAt: null, error: null });
  const again = await house.api<SyncBody>('POST', `/v1/authorizers/${BIG}/follower-syncs`, { details: true });
  expect(again).toMatchObject({ status: 200, body: { id: sync.id } });

  expect(await completed(house, sync.id)).toMatchObject({
    phase: 'finishing',
    listed: FOLLOWERS,
    detailed: FOLLOWERS,
    total: FOLLOWERS,
    error: null,
  });
  const followers = await exported(house, BIG);
  expect(followers.map((f) => f.openid)).toEqual(await followersAtWeChat(house, BIG));
  expect(followers.every((f) => f.subscribed && f.subscribedAt !== null && f.scene !== null)).toBe(true);
  expect(followers[0]).toMatchObject({ remark: '', tagIds: [], extra: { language: 'zh_CN', groupid: 0, qr_scene: 0 } });
  const { byAccount } = await house.wechat.counters();
  // Three pages and the empty one that ends the list; 250 batches, and one more for the end of each bucket.
  expect(byAccount[BIG]).toMatchObject({ [LIST]: 4 });
  expect(byAccount[BIG]![BATCH]).toBeGreaterThanOrEqual(250);
  expect(byAccount[BIG]![BATCH]).toBeLessThanOrEqual(253);
});
