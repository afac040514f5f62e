import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { untilDayLasts } from '../packages/platform/test/until-day-lasts.ts';
import { allSettled, batch, batchIds, find, message, sentBy } from './support/call-terms.ts';
import { type CallBody, Deployment } from './support/deployment.ts';
import { isAccepted } from './support/load.ts';
import { SEND_MESSAGE, USER_INFO } from './support/tally.ts';
import { until } from './support/until.ts';

const [A, B] = ['wx00000000000000a1', 'wx00000000000000a2'];
/**
 * A lane batch is a few calls, and a few are in flight. On a busy machine two seconds end a batch before, and several of one
 * account may follow each other while the other account's calls are all in flight.
 */
const FEW = 100;
/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;

let deployment: Deployment;
const openids: Record<string, string> = {};

beforeAll(async () => {
  deployment = await Deployment.open({
    gateways: 2,
    workers: 2,
    accounts: [A, B].map((appid) => ({
      ...{ appid, kind: 'official-account' as const, nickName: appid },
      followers: 5,
    })),
    env: { LOG_LEVEL: 'info' },
  });
  for (const appid of [A, B]) {
    await deployment.authorized(appid);
    const list = await deployment.wechat.control<{ openids: string[] }>('GET', `/followers?appid=${appid}&limit=1`);
    openids[appid] = list.openids[0]!;
  }
});
afterAll(() => deployment.close());

let before: Record<string, number>;
beforeEach(async () => {
  before = Object.fromEntries(
    await Promise.all([A, B].map(async (appid) => [appid, (await sentBy(deployment, appid)).length])),
  );
});
afterEach(() => deployment.wechat.control('DELETE', '/faults'));

const say = (appid: string, content: string, orderKey?: string) =>
  message(appid, openids[appid]!, content, orderKey === undefined ? {} : { orderKey });
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i}`);
const arrived = async (appid: string) => (await sentBy(deployment, appid)).slice(before[appid]);

it('calls with one order key arrive in the order in which they were submitted, even when WeChat fails in between', async () => {
  // WeChat refuses a token in between, and a read must be repeated.
  const reads = { appid: A, method: 'GET', path: USER_INFO, query: { openid: openids[A] } };
  await deployment.wechat.control('POST', '/fail', { path: USER_INFO, how: '502', count: 2 });
  const said = numbered('order', 60);
  const ids = await batchIds(deployment, [reads, ...said.slice(0, 40).map((text) => say(A, text, 'one user'))]);
  await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid: A, as: 40001 });
  for (const [i, text] of said.slice(40).entries()) {
    const { appid: _, ...call } = say(A, text, 'one user');
    const { status, body } = await deployment.call(A, { ...call, waitMs: 0 }, i % 2);
    expect(status).toSatisfy(isAccepted);
    ids.push(body.id);
  }
  expect((await allSettled(deployment, ids)).map(({ state }) => state)).toEqual(ids.map(() => 'completed'));
  expect(await arrived(A)).toEqual(said);
});

it('two backlogged accounts progress evenly, whichever submitted first', async () => {
  await withoutWorkers();
  const first = await batchIds(
    deployment,
    numbered('fair', 400).map((text) => say(A, text)),
  );
  const second = await batchIds(
    deployment,
    numbered('fair', 400).map((text) => say(B, text)),
  );
  const from = (await deployment.wechat.messages()).length;
  // One worker serves both.
  deployment.startWorker({ WORKER_CONCURRENCY: '1' });
  await allSettled(deployment, first);
  await allSettled(deployment, second);

  const counts: Record<string, number> = { [A]: 0, [B]: 0 };
  let [inARow, most] = [0, 0];
  let former = '';
  for (const { appid } of (await deployment.wechat.messages()).slice(from)) {
    inARow = appid === former ? inARow + 1 : 1;
    former = appid;
    counts[appid]!++;
    // As long as both have a backlog.
    if (Math.max(...Object.values(counts)) < 400) most = Math.max(most, inARow);
  }
  expect(counts).toEqual({ [A]: 400, [B]: 400 });
  expect(most).toBeLessThanOrEqual(FEW);
  for (const appid of [A, B]) {
    expect((await arrived(appid)).toSorted()).toEqual(numbered('fair', 400).toSorted());
  }
});

it('workers that are killed, or frozen past their holds, lose nothing and send nothing twice; each order key keeps its order', async () => {
  // Each of the three users gets the next message when the story releases the answer to the last one.
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: STILL, at: 'after' });
  const said = numbered('taken over', 90);
  const keyOf = (text: string) => `user ${Number(text.split(' ').at(-1)) % 3}`;
  const ids = await batchIds(
    deployment,
    said.map((text) => say(A, text, keyOf(text))),
  );
  const arrive = (count: number) =>
    until(`${count} have arrived`, async () => {
      if ((await arrived(A)).length >= count) return true;
      await deployment.wechat.control('POST', '/release');
      return false;
    });
  const running = () => deployment.workers.filter((worker) => worker.running);
  await arrive(12);
  await running()[0]!.kill();
  deployment.startWorker();
  await arrive(24);
  await Promise.all(running().map((worker) => worker.kill()));
  const frozen = deployment.startWorker();
  await arrive(42);
  await deployment.freeze(frozen);
  const sent = (await arrived(A)).length;
  deployment.startWorker();
  await arrive(sent + 12);
  await deployment.wechat.control('DELETE', '/faults');
  await deployment.wechat.control('POST', '/release');
  frozen.thaw();
  const calls = await allSettled(deployment, ids);
  const times = new Map<string, number>();
  const order = await arrived(A);
  for (const text of order) times.set(text, (times.get(text) ?? 0) + 1);
  const faults = calls.flatMap((call, i) => {
    const sent = times.get(said[i]!) ?? 0;
    const right = call.state === 'completed' ? sent === 1 : call.failure?.code === 'outcome_unknown' && sent <= 1;
    return right ? [] : [`${said[i]}: ${call.state} ${call.failure?.code}, sent ${sent} times`];
  });
  expect(faults).toEqual([]);
  // At most one call of each order key was in flight when a worker died.
  expect(calls.filter(({ state }) => state !== 'completed').length).toBeLessThanOrEqual(3 * 3);
  for (const key of ['user 0', 'user 1', 'user 2']) {
    const ofKey = (texts: readonly string[]) => texts.filter((text) => keyOf(text) === key);
    expect(ofKey(order)).toEqual(ofKey(said).filter((text) => times.has(text)));
  }
});

it('a lane whose job is lost is found again, a call in it that cannot be decrypted delays no other, and one at a time keeps the order of all', async () => {
  await withoutWorkers();
  const said = numbered('found', 30);
  const ids = await batchIds(
    deployment,
    said.map((text) => say(B, text)),
  );
  const redis = deployment.redis.client();
  await redis.del(...(await redis.keys('{wx:lanes}*')));
  const damaged = redis.keyspace.callRequest(deployment.component.appid, B, ids[3]!);
  const sealed = (await redis.getBuffer(damaged))!;
  sealed[sealed.length - 1]! ^= 0xff;
  await redis.set(damaged, sealed, 'KEEPTTL');
  redis.disconnect();
  for (let i = 0; i < 2; i++) await deployment.startWorker({ LANE_CONCURRENCY: '1' }).says('worker ready');
  const calls = await allSettled(deployment, ids);
  expect(calls.filter(({ state }) => state !== 'completed')).toMatchObject([
    { id: ids[3], state: 'failed', failure: { code: 'call_unreadable', remedy: 'operator' } },
  ]);
  expect(await arrived(B)).toEqual(said.toSpliced(3, 1));
});

it('a closed quota parks its calls: no process reads them until it opens, and other paths continue', async () => {
  // It opens when the story clears it, and not before the end of the day.
  await untilDayLasts(60_000);
  await deployment.wechat.control('POST', '/quota/reset');
  await deployment.wechat.control('POST', '/quota', { appid: B, path: SEND_MESSAGE, daily: 3 });
  const said = numbered('parked', 12);
  const ids = await batchIds(
    deployment,
    said.map((text) => say(B, text, 'parked')),
  );
  await until('WeChat has refused one', async () => (await refusedSends()) === 1);
  const sent = await arrived(B);
  expect(sent).toEqual(said.slice(0, 3));
  const parked = await until('it is parked', async () => {
    const call = await find(deployment, ids[3]!);
    return call.state === 'delayed' && call;
  });
  expect(parked.quota?.closedUntil).toEqual(expect.any(String));
  await until('the lane sleeps', async () => (await laneCommands(2)) === 0);

  expect(await laneCommands(6)).toBe(0);
  expect(await refusedSends()).toBe(1);
  const read = { method: 'GET', path: USER_INFO, query: { openid: openids[B] } };
  const [other] = await batchIds(deployment, [{ appid: B, ...read }]);
  expect((await allSettled(deployment, [other!]))[0]?.state).toBe('completed');
  const interactive = await deployment.call(B, { ...read, waitMs: 60_000 });
  expect(interactive.body.state).toBe('completed');
  const { appid: _, ...refused } = say(B, 'now');
  expect(await deployment.call(B, { ...refused, waitMs: 60_000 })).toMatchObject({
    status: 429,
    body: { code: 'quota_closed' },
  });
  expect(await arrived(B)).toEqual(said.slice(0, 3));

  await deployment.wechat.control('POST', '/quota', { appid: B, path: SEND_MESSAGE, daily: 1_000 });
  const cleared = await deployment.api('POST', `/v1/authorizers/${B}/quotas/clear`, {});
  expect(cleared.status).toBe(200);
  const calls = await allSettled(deployment, ids);
  expect(calls.map(({ state }) => state)).toEqual(ids.map(() => 'completed'));
  expect(await arrived(B)).toEqual(said);
  expect(await refusedSends()).toBe(1);
});

it('a waiting caller is answered beside a long backlog', async () => {
  const call = { method: 'GET', path: USER_INFO, query: { openid: openids[A] } };
  // At this pace the backlog lasts for minutes; it takes none of the slots of waiting callers.
  await deployment.wechat.control('POST', '/delay', { path: USER_INFO, appid: A, ms: 500 });
  for (let i = 0; i < 5; i++) {
    const { items } = await batch(
      deployment,
      Array.from({ length: 1_000 }, () => ({ appid: A, ...call })),
    );
    expect(items.filter(({ id }) => id === undefined)).toEqual([]);
  }
  expect(await backlog(A)).toBeGreaterThan(0);
  for (const appid of [A, B]) {
    const asked: CallBody[] = [];
    for (let i = 0; i < 10; i++) {
      asked.push(
        (await deployment.call(appid, { ...call, query: { openid: openids[appid] }, waitMs: 60_000 }, i % 2)).body,
      );
    }
    expect(asked.map(({ state }) => state)).toEqual(asked.map(() => 'completed'));
  }
  expect(await backlog(A)).toBeGreaterThan(0);
});

async function withoutWorkers(): Promise<void> {
  for (const worker of deployment.workers.splice(0)) if (worker.running) expect(await worker.shutDown()).toBe(0);
}

async function refusedSends(): Promise<number> {
  const { outcomes } = await deployment.wechat.counters();
  return outcomes[`POST ${SEND_MESSAGE}`]?.[45009] ?? 0;
}

async function backlog(appid: string): Promise<number> {
  const redis = deployment.redis.client();
  try {
    return await redis.zcard(`wx:{${deployment.component.appid}:${appid}}:lane2:deadlines`);
  } finally {
    redis.disconnect();
  }
}

/** How many commands about B's lane and its calls Redis receives during so many rounds of maintenance, in all workers together. */
async function laneCommands(rounds: number): Promise<number> {
  let [commands, seen] = [0, 0];
  const monitor = await deployment.redis.monitor((command, args) => {
    const mine = args.some((arg) => arg.includes(`:${B}}:lane`) || arg.includes(`:${B}}:call`));
    if (mine && command !== 'hgetall') commands++;
    if (command === 'zrangebyscore' && args[0] === `wx:{${deployment.component.appid}:lanes}:set2`) seen++;
  });
  await until('the rounds are over', () => seen >= rounds);
  monitor.close();
  return commands;
}
