import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queues } from '../packages/platform/src/open-queues.ts';
import { openQueue } from '../packages/platform/src/queue/queues.ts';
import { untilDayLasts } from '../packages/platform/test/until-day-lasts.ts';
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
import { DAY_MS, isPeriodEnd } from './support/period-end.ts';
import { until } from './support/until.ts';

const LONG = 'wx00000000000000d1';
const PARKED = 'wx00000000000000d2';
const HURRIED = 'wx00000000000000d3';
const MANY = Array.from({ length: 5 }, (_, i) => `wx00000000000000e${i}`);
const LIST_PATH = '/cgi-bin/user/get';
const BATCH_PATH = '/cgi-bin/user/info/batchget';
const MINUTE_MS = 60_000;
/** The requests of one sync that are in flight when WeChat refuses one. */
const MAX_IN_FLIGHT = 5;

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
    await tryAgain(redis);
    redis.disconnect();
  }

  /** Instead of waiting for ten seconds, after which a sync that waits is tried again. */
  async function tryAgain(redis: ReturnType<typeof deployment.redis.client>): Promise<void> {
    const { queue } = openQueue(queues['follower-syncs'], redis);
    await queue.promoteJobs();
    await queue.close();
  }

  /** Runs of the sync that lost its lock: on a busy machine, a run that takes over repeats what was in flight. */
  const takenOver = (id: string) =>
    deployment.workers
      .flatMap((worker) => worker.lines())
      .filter(({ sync, outcome }) => sync === id && outcome === 'taken_over').length;

  const exact = async (appid: string) => {
    expect((await exported(deployment, appid)).map((f) => f.openid)).toEqual(
      await followersAtWeChat(deployment, appid),
    );
  };

  it('whose list is longer than a day allows waits for midnight, and continues where it was', async () => {
    await untilDayLasts(2 * MINUTE_MS);
    const startedAt = Date.now();
    // In the proportion of 500 calls to six million followers.
    await deployment.wechat.control('POST', '/quota', { appid: LONG, path: LIST_PATH, daily: 2 });
    const { id } = await startSync(deployment, LONG);
    const parked = await waits(id);
    expect(parked).toMatchObject({
      ...{ state: 'running', phase: 'listing', detailed: 0, total: 25_000 },
      listed: takenOver(id) === 0 ? 20_000 : 10_000,
      error: { code: 'quota_closed' },
    });
    expect(parked.waitingUntil).toSatisfy((at: string) => isPeriodEnd(at, DAY_MS, startedAt));
    // Calls share the quota: a call to the same API is refused at once with the time of reopening, others continue.
    const refused = await ask(LONG, LIST_PATH);
    expect([refused.status, refused.body.code]).toEqual([429, 'quota_closed']);
    const { closedUntil } = refused.body as unknown as { closedUntil: string };
    expect(closedUntil).toSatisfy((at: string) => isPeriodEnd(at, DAY_MS, startedAt));
    expect((await ask(LONG, '/cgi-bin/tags/get')).body.state).toBe('completed');
    expect(await readSync(deployment, id)).toMatchObject({ state: 'running', listed: parked.listed });

    await reopens(LONG, LIST_PATH);
    expect(await completed(deployment, id)).toMatchObject({
      ...{ listed: 25_000, detailed: 25_000, waitingUntil: null, error: null },
    });
    await exact(LONG);
    // Two pages, the one that was refused, the third, and the empty one that ends the list.
    const asked = (await deployment.wechat.counters()).byAccount[LONG]![LIST]!;
    expect(asked).toBeGreaterThanOrEqual(5);
    await until('all others are of a run that was taken over', () => asked <= 5 + takenOver(id));
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
    await tryAgain(redis);
    redis.disconnect();
    expect(await completed(deployment, id)).toMatchObject({ detailed: 3_000, waitingUntil: null, error: null });
    await exact(PARKED);
  });

  it('that exceeded a quota per minute waits for the next minute, and loses nothing', async () => {
    // So few that the sync needs many minutes, wherever in a minute it starts.
    await deployment.wechat.control('POST', '/quota', { appid: HURRIED, path: BATCH_PATH, minute: 5 });
    const startedAt = Date.now();
    const { id } = await startSync(deployment, HURRIED);
    const parked = await waits(id);
    expect(parked).toMatchObject({ state: 'running', phase: 'details', error: { code: 'quota_closed' } });
    expect(Date.parse(parked.waitingUntil!)).toBeGreaterThan(startedAt);
    expect(Date.parse(parked.waitingUntil!)).toBeLessThanOrEqual(Date.now() + MINUTE_MS + 500);
    expect((await ask(HURRIED, LIST_PATH)).body.state).toBe('completed');
    const outcomes = (await deployment.wechat.counters()).outcomes[`POST ${BATCH_PATH}`]!;
    // The requests in flight when WeChat refused; none was sent since in that minute.
    expect(outcomes['45011']).toBeGreaterThan(0);
    const minutes = Math.floor(Date.now() / MINUTE_MS) - Math.floor(startedAt / MINUTE_MS) + 1;
    expect(outcomes['45011']).toBeLessThanOrEqual(minutes * MAX_IN_FLIGHT);

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
