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

  /** Instead of waiting for midnight: resets WeChat's counts, and what the deployment knows of quotas and waits for. */
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

  it('whose list is longer than a day allows waits for midnight, and continues where it was', async () => {
    // In the proportion of 500 calls to six million followers.
    await deployment.wechat.control('POST', '/quota', { appid: LONG, path: LIST_PATH, daily: 2 });
    const { id } = await startSync(deployment, LONG);
    const parked = await waits(id);
    expect(parked).toMatchObject({
      ...{ state: 'running', phase: 'listing', listed: 20_000, detailed: 0, total: 25_000 },
      error: { code: 'quota_closed' },
    });
    // Midnight in Beijing.
    expect(parked.waitingUntil).toMatch(/T(15:59:59|16:00:00)/);
    // Calls share the quota: a call to the same API is refused at once with the time of reopening, others continue.
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

  it('waits in the middle of its details, and continues when the quota is cleared', async () => {
    await deployment.wechat.control('POST', '/quota', { appid: PARKED, path: BATCH_PATH, daily: 17 });
    const { id } = await startSync(deployment, PARKED);
    expect(await waits(id)).toMatchObject({ state: 'running', phase: 'details', error: { code: 'quota_closed' } });
    expect((await ask(PARKED, LIST_PATH)).body.state).toBe('completed');
    await deployment.wechat.control('POST', '/quota/reset');
    const redis = deployment.redis.client();
    // As after a quarter of an hour: one attempt is permitted.
    await redis.hset(`wx:{${deployment.component.appid}:${PARKED}}:quota:${BATCH_PATH}`, 'probeAt', Date.now());
    redis.disconnect();
    expect(await completed(deployment, id)).toMatchObject({ detailed: 3_000, waitingUntil: null, error: null });
    await exact(PARKED);
  });

  it('that exceeded a quota per minute waits for the next minute, and loses nothing', async () => {
    await deployment.wechat.control('POST', '/quota', { appid: HURRIED, path: BATCH_PATH, minute: 17 });
    const { id } = await startSync(deployment, HURRIED);
    const parked = await waits(id);
    expect(parked).toMatchObject({ state: 'running', phase: 'details', error: { code: 'quota_closed' } });
    const forMs = Date.parse(parked.waitingUntil!) - Date.now();
    expect(forMs).toBeGreaterThan(0);
    expect(forMs).toBeLessThanOrEqual(60_500);
    expect((await ask(HURRIED, LIST_PATH)).body.state).toBe('completed');
    const outcomes = (await deployment.wechat.counters()).outcomes[`POST ${BATCH_PATH}`]!;
    // The requests in flight when WeChat refused; none was sent since.
    expect(outcomes['45011']).toBeGreaterThan(0);
    expect(outcomes['45011']).toBeLessThanOrEqual(5);

    await reopens(HURRIED, BATCH_PATH, { minute: 1_000 });
    expect(await completed(deployment, id)).toMatchObject({ detailed: 3_000, waitingUntil: null, error: null });
    await exact(HURRIED);
  });

  it('delays no waiting caller, however many syncs run', async () => {
    // Some of the five are queued, and none ends before the calls have been answered.
    for (const appid of MANY)
      await deployment.wechat.control('POST', '/delay', { path: BATCH_PATH, ms: 600_000, appid });
    const syncs = await Promise.all(MANY.map((appid) => startSync(deployment, appid)));
    // The queue decides which four of the five run.
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
