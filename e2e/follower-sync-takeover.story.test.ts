import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseEnv, databases } from './support/database.ts';
import {
  BATCH,
  BATCHES_ON_THEIR_WAY,
  completed,
  cutTurns,
  exported,
  followersAtWeChat,
  LIST,
  type SyncBody,
  startSync,
  syncReaches,
} from './support/follower-syncs.ts';
import { House } from './support/house.ts';
import { until } from './support/until.ts';

const ACCOUNT = 'wx00000000000000c3';
/** More than a page. */
const FOLLOWERS = 12_000;
/** An undisturbed sync asks for a few batches that are not full. */
const BATCHES = FOLLOWERS / 100 + 5;

describe.each(databases)('on %s', (kind) => {
  let house: House;
  beforeAll(async () => {
    house = await House.open({
      env: await databaseEnv(kind),
      accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '大号', followers: FOLLOWERS }],
    });
    await house.authorized(ACCOUNT);
  });
  afterAll(() => house?.close());

  it('survives a worker that is killed three times, and asks for no more twice than was on its way', async () => {
    await house.wechat.control('POST', '/delay', { path: '/cgi-bin/user/get', ms: 500 });
    await house.wechat.control('POST', '/delay', { path: '/cgi-bin/user/info/batchget', ms: 120 });
    const { id } = await startSync(house, ACCOUNT);
    const marks: [string, (sync: SyncBody) => boolean][] = [
      ['has listed a page', (sync) => sync.listed >= 10_000],
      ['has some details', (sync) => sync.detailed >= 2_000],
      ['has half of the details', (sync) => sync.detailed >= 6_000],
    ];
    for (const [what, reached] of marks) {
      await syncReaches(house, id, what, reached);
      await house.workers.at(-1)!.kill();
      await house.startWorker().says('worker ready');
    }
    const sync = await completed(house, id);
    expect(sync).toMatchObject({ listed: FOLLOWERS, detailed: FOLLOWERS, total: FOLLOWERS });

    const followers = await exported(house, ACCOUNT);
    expect(followers.map((f) => f.openid)).toEqual(await followersAtWeChat(house, ACCOUNT));
    expect(followers.every((f) => f.subscribed && f.subscribedAt !== null)).toBe(true);
    // An undisturbed sync of the same followers tells what had to be asked.
    const asked = (await house.wechat.counters()).byAccount[ACCOUNT]!;
    await house.wechat.control('DELETE', '/faults');
    const needed = await until('an undisturbed sync', async () => {
      const before = (await house.wechat.counters()).byAccount[ACCOUNT]!;
      const undisturbed = await startSync(house, ACCOUNT);
      await completed(house, undisturbed.id);
      const after = (await house.wechat.counters()).byAccount[ACCOUNT]!;
      return (await cutTurns(house, undisturbed.id)) === 0 && ((what: string) => after[what]! - before[what]!);
    });
    const again = (what: string) => asked[what]! - needed(what);
    // On a busy machine a kill may come between two turns, and cut none.
    const cut = await cutTurns(house, id);
    expect(again(LIST)).toBeLessThanOrEqual(cut);
    expect(again(BATCH)).toBeLessThanOrEqual(cut * BATCHES_ON_THEIR_WAY);
  });

  it('hands a sync on when its worker leaves, and another has it within seconds', async () => {
    const { id } = await startSync(house, ACCOUNT);
    await syncReaches(house, id, 'has details', (sync) => sync.detailed >= 1_000);
    const leaving = house.workers.at(-1)!;
    await house.startWorker().says('worker ready');
    const before = (await house.wechat.counters()).byAccount[ACCOUNT]![BATCH]!;
    expect(await leaving.leave()).toBe(0);
    await completed(house, id);
    const { detailed } = await syncReaches(house, id, 'is there', () => true);
    expect(detailed).toBe(FOLLOWERS);
    expect((await house.wechat.counters()).byAccount[ACCOUNT]![BATCH]! - before).toBeLessThanOrEqual(
      BATCHES + (await cutTurns(house, id)) * BATCHES_ON_THEIR_WAY,
    );
  });

  it('goes on after Redis has lost everything', async () => {
    const { id } = await startSync(house, ACCOUNT);
    await syncReaches(house, id, 'has details', (sync) => sync.detailed >= 1_000);
    await house.redis.flush();
    expect(await completed(house, id)).toMatchObject({ detailed: FOLLOWERS });
  });
});
