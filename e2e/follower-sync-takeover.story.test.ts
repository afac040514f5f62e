import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseEnv, databases } from './support/database.ts';
import { Deployment } from './support/deployment.ts';
import {
  BATCH,
  BATCHES_IN_FLIGHT,
  completed,
  exported,
  followersAtWeChat,
  interruptedSlices,
  LIST,
  type SyncBody,
  startSync,
  syncReaches,
} from './support/follower-syncs.ts';
import { until } from './support/until.ts';

const ACCOUNT = 'wx00000000000000c3';
/** More than a page. */
const FOLLOWERS = 12_000;
/** An undisturbed sync requests a few batches that are not full. */
const BATCHES = FOLLOWERS / 100 + 5;

describe.each(databases)('on %s', (kind) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.open({
      env: await databaseEnv(kind),
      accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '大号', followers: FOLLOWERS }],
    });
    await deployment.authorized(ACCOUNT);
  });
  afterAll(() => deployment?.close());

  it('survives a worker that is killed three times, and repeats no more requests than were in flight', async () => {
    await deployment.wechat.control('POST', '/delay', { path: '/cgi-bin/user/get', ms: 500 });
    await deployment.wechat.control('POST', '/delay', { path: '/cgi-bin/user/info/batchget', ms: 120 });
    const { id } = await startSync(deployment, ACCOUNT);
    const marks: [string, (sync: SyncBody) => boolean][] = [
      ['has listed a page', (sync) => sync.listed >= 10_000],
      ['has some details', (sync) => sync.detailed >= 2_000],
      ['has half of the details', (sync) => sync.detailed >= 6_000],
    ];
    for (const [what, reached] of marks) {
      await syncReaches(deployment, id, what, reached);
      await deployment.workers.at(-1)!.kill();
      await deployment.startWorker().says('worker ready');
    }
    const sync = await completed(deployment, id);
    expect(sync).toMatchObject({ listed: FOLLOWERS, detailed: FOLLOWERS, total: FOLLOWERS });

    const followers = await exported(deployment, ACCOUNT);
    expect(followers.map((f) => f.openid)).toEqual(await followersAtWeChat(deployment, ACCOUNT));
    expect(followers.every((f) => f.subscribed && f.subscribedAt !== null)).toBe(true);
    // An undisturbed sync of the same followers shows which requests are necessary.
    const asked = (await deployment.wechat.counters()).byAccount[ACCOUNT]!;
    await deployment.wechat.control('DELETE', '/faults');
    const needed = await until('an undisturbed sync', async () => {
      const before = (await deployment.wechat.counters()).byAccount[ACCOUNT]!;
      const undisturbed = await startSync(deployment, ACCOUNT);
      await completed(deployment, undisturbed.id);
      const after = (await deployment.wechat.counters()).byAccount[ACCOUNT]!;
      return (
        (await interruptedSlices(deployment, undisturbed.id)) === 0 && ((what: string) => after[what]! - before[what]!)
      );
    });
    const again = (what: string) => asked[what]! - needed(what);
    // On a busy machine a kill may come between two slices and interrupt none.
    const cut = await interruptedSlices(deployment, id);
    expect(again(LIST)).toBeLessThanOrEqual(cut);
    expect(again(BATCH)).toBeLessThanOrEqual(cut * BATCHES_IN_FLIGHT);
  });

  it('requeues a sync when its worker shuts down, and another worker continues it', async () => {
    const { id } = await startSync(deployment, ACCOUNT);
    await syncReaches(deployment, id, 'has details', (sync) => sync.detailed >= 1_000);
    const stopping = deployment.workers.at(-1)!;
    await deployment.startWorker().says('worker ready');
    const before = (await deployment.wechat.counters()).byAccount[ACCOUNT]![BATCH]!;
    expect(await stopping.shutDown()).toBe(0);
    await completed(deployment, id);
    const { detailed } = await syncReaches(deployment, id, 'is there', () => true);
    expect(detailed).toBe(FOLLOWERS);
    expect((await deployment.wechat.counters()).byAccount[ACCOUNT]![BATCH]! - before).toBeLessThanOrEqual(
      BATCHES + (await interruptedSlices(deployment, id)) * BATCHES_IN_FLIGHT,
    );
  });

  it('continues after Redis has lost everything', async () => {
    const { id } = await startSync(deployment, ACCOUNT);
    await syncReaches(deployment, id, 'has details', (sync) => sync.detailed >= 1_000);
    await deployment.redis.flush();
    expect(await completed(deployment, id)).toMatchObject({ detailed: FOLLOWERS });
  });
});
