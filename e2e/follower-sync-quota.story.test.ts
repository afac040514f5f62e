import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseEnv, databases } from './support/database.ts';
import { Deployment } from './support/deployment.ts';
import {
  completed,
  exported,
  followersAtWeChat,
  LIST,
  readSync,
  startSync,
  syncReaches,
} from './support/follower-syncs.ts';
import { until } from './support/until.ts';

const LONG = 'wx00000000000000d1';
const PARKED = 'wx00000000000000d2';
const HURRIED = 'wx00000000000000d3';
const MANY = Array.from({ length: 5 }, (_, i) => `wx00000000000000e${i}`);
const LIST_PATH = '/cgi-bin/user/get';
const BATCH_PATH = '/cgi-bin/user/info/batchget';

describe.each(databases)('on %s', (kind) => {
  let deployment: Deployment;
  beforeAll(async () => {
    const official = (appid: string, followers: number) =>
      ({ appid, kind: 'official-account', nickName: '号', followers }) as const;
    deployment = await Deployment.open({
      env: await databaseEnv(kind),
      accounts: [
        official(LONG, 25_000),
        official(PARKED, 3_000),
        official(HURRIED, 3_000),
        ...MANY.map((appid) => official(appid, 2_000)),
      ],
    });
    for (const appid of [LONG, PARKED, HURRIED, ...MANY]) await deployment.authorized(appid);
  });
  afterAll(() => deployment?.close());

  const waits = (id: string) => syncReaches(deployment, id, 'waits', (sync) => sync.waitingUntil !== null);
  const ask = (appid: string, path: string) => deployment.call(appid, { method: 'GET', path });

  /** No story waits for midnight: WeChat counts anew, and the deployment has forgotten what it knew, its waiting too. */
  async function reopens(appid: string, path: string, quota: object = { used: 0 }): Promise<void> {
    await deployment.wechat.control('POST', '/quota', { appid, path, ...quota });
    const redis = deployment.redis.client();
    await redis.del(`wx:{${deployment.component.appid}:${appid}}:quota:${path}`);
    redis.disconnect();
  }

  const exact = async (appid: string) => {
    expect((await exported(deployment, appid)).map((f) => f.openid)).toEqual(
      await followersAtWeChat(deployment, appid),
    );
  };

  it('whose list is longer than a day allows waits for midnight, and goes on where it was', async () => {
    // As 500 calls are to six million followers.
    await deployment.wechat.control('POST', '/quota', { appid: LONG, path: LIST_PATH, daily: 2 });
    const { id } = await startSync(deployment, LONG);
    const parked = await waits(id);
    expect(parked).toMatchObject({
      ...{ state: 'running', phase: 'listing', listed: 20_000, detailed: 0, total: 25_000 },
      error: { code: 'quota_closed' },
    });
    // In Beijing.
    expect(parked.waitingUntil).toMatch(/T(15:59:59|16:00:00)/);
    // The quota is the calls', too: who asks for the same is told at once till when, and everything else goes on.
    const refused = await ask(LONG, LIST_PATH);
    expect([refused.status, refused.body.code]).toEqual([429, 'quota_closed']);
    expect((refused.body as unknown as { closedUntil: string }).closedUntil).toMatch(/T(15:59:59|16:00:00)/);
    expect((await ask(LONG, '/cgi-bin/tags/get')).body.state).toBe('completed');
    expect(await readSync(deployment, id)).toMatchObject({ state: 'running', listed: 20_000 });

    await reopens(LONG, LIST_PATH);
    expect(await completed(deployment, id)).toMatchObject({
      ...{ listed: 25_000, detailed: 25_000, waitingUntil: null, error: null },
    });
    await exact(LONG);
    // Two pages, the one that was refused, the third, and the empty one that ends the list.
    expect((await deployment.wechat.counters()).byAccount[LONG]![LIST]).toBe(5);
  });

  it('waits in the midst of its details, and goes on when somebody has cleared the quota', async () => {
    await deployment.wechat.control('POST', '/quota', { appid: PARKED, path: BATCH_PATH, daily: 17 });
    const { id } = await startSync(deployment, PARKED);
    expect(await waits(id)).toMatchObject({ state: 'running', phase: 'details', error: { code: 'quota_closed' } });
    expect((await ask(PARKED, LIST_PATH)).body.state).toBe('completed');
    await deployment.wechat.control('POST', '/quota/reset');
    const redis = deployment.redis.client();
    // As after a quarter of an hour: one may try.
    await redis.hset(`wx:{${deployment.component.appid}:${PARKED}}:quota:${BATCH_PATH}`, 'probeAt', Date.now());
    redis.disconnect();
    expect(await completed(deployment, id)).toMatchObject({ detailed: 3_000, waitingUntil: null, error: null });
    await exact(PARKED);
  });

  it('that asked too often in one minute waits for the next, and loses nothing', async () => {
    await deployment.wechat.control('POST', '/quota', { appid: HURRIED, path: BATCH_PATH, minute: 17 });
    const { id } = await startSync(deployment, HURRIED);
    const parked = await waits(id);
    expect(parked).toMatchObject({ state: 'running', phase: 'details', error: { code: 'quota_closed' } });
    const forMs = Date.parse(parked.waitingUntil!) - Date.now();
    expect(forMs).toBeGreaterThan(0);
    expect(forMs).toBeLessThanOrEqual(60_500);
    expect((await ask(HURRIED, LIST_PATH)).body.state).toBe('completed');
    const outcomes = (await deployment.wechat.counters()).outcomes[`POST ${BATCH_PATH}`]!;
    // Those on their way when WeChat said stop; nobody has asked since.
    expect(outcomes['45011']).toBeGreaterThan(0);
    expect(outcomes['45011']).toBeLessThanOrEqual(5);

    await reopens(HURRIED, BATCH_PATH, { minute: 1_000 });
    expect(await completed(deployment, id)).toMatchObject({ detailed: 3_000, waitingUntil: null, error: null });
    await exact(HURRIED);
  });

  it('keeps nobody waiting who waits for a call, however many syncs are at work', async () => {
    // Some of the five stand in line, and none of them ends before the calls have been answered.
    for (const appid of MANY)
      await deployment.wechat.control('POST', '/delay', { path: BATCH_PATH, ms: 600_000, appid });
    const syncs = await Promise.all(MANY.map((appid) => startSync(deployment, appid)));
    // Which four of the five run is up to the queue.
    await until('four syncs run', async () => {
      const phases = (await Promise.all(syncs.map(({ id }) => readSync(deployment, id)))).map(({ phase }) => phase);
      return phases.filter((phase) => phase === 'details').length >= 4;
    });
    for (let i = 0; i < 50; i++) {
      expect((await ask(MANY[i % MANY.length]!, '/cgi-bin/tags/get')).body.state).toBe('completed');
    }
    const states = await Promise.all(syncs.map(({ id }) => readSync(deployment, id)));
    expect(states.map(({ state }) => state)).not.toContain('completed');
    await deployment.wechat.control('DELETE', '/faults');
    await deployment.wechat.control('POST', '/release');
    for (const { id } of syncs) await completed(deployment, id);
  });
});
