import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Child } from './support/child.ts';
import { Crossroads } from './support/crossroads.ts';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { completed, exported, followersAtWeChat, startSync } from './support/follower-syncs.ts';
import { arrivals, Load, Pushing, settledCall } from './support/load.ts';
import {
  checkOutPreviousVersion,
  PREVIOUS_COMMIT,
  type PreviousVersion,
  whyNoPreviousVersion,
} from './support/previous-version.ts';
import { until } from './support/until.ts';

const FOLLOWERS = 3_000;
const BATCH = '/cgi-bin/user/info/batchget';
const CALLERS = 4;
const USERS = 1;

const missing = await whyNoPreviousVersion();
if (missing) console.warn(`Skipped: the previous version runs beside this one; ${missing}.`);

describe.skipIf(missing)(`processes of ${PREVIOUS_COMMIT.slice(0, 7)} beside those of this version`, () => {
  let previous: PreviousVersion;
  let crossroads: Crossroads;
  let deployment: Deployment;
  let redis: Redis;
  beforeAll(async () => {
    previous = await checkOutPreviousVersion();
    crossroads = await Crossroads.open();
    deployment = await Deployment.open({
      gateways: 2,
      pushTo: crossroads.url,
      main: previous.main,
      accounts: [{ appid: SERVICE_ACCOUNT, kind: 'official-account', nickName: '演示服务号', followers: FOLLOWERS }],
    });
    crossroads.leadTo(deployment.gatewayUrl(0), deployment.gatewayUrl(1));
    redis = deployment.redis.client();
    await deployment.authorized();
    await deployment.wechat.control('POST', '/options', { deliveries: 100, redeliveryMs: 100 });
    // Slow enough that a sync is in flight while processes come and go.
    await deployment.wechat.control('POST', '/delay', { path: BATCH, ms: 200 });
  });
  afterAll(async () => {
    redis?.disconnect();
    await deployment?.close();
    await crossroads?.close();
    await previous?.remove();
  });

  it('new processes join, take over the load, and the old ones shut down: nothing is lost or done twice', async () => {
    await underLoad(async (goesOn) => {
      const [old] = deployment.workers;
      await deployment.startWorker().says('worker ready');
      await goesOn();
      await replaceGateway(1);
      await expectPageSigned(1);
      await goesOn();
      await shutsDown(old!);
      await replaceGateway(0);
    });
  });

  it('old processes restart on the newer database, take over the load, and the new ones shut down: the same holds', async () => {
    await underLoad(async (goesOn) => {
      const [, current] = deployment.workers;
      await deployment.startWorker({}, previous.main).says('worker ready');
      // At once, so that gateways have not noticed the older one yet.
      await shutsDown(current!);
      await goesOn();
      await replaceGateway(1, previous.main);
      await goesOn();
      await replaceGateway(0, previous.main);
    });
  });

  /** Calls, background calls, pushes and a follower sync are in flight during the work, and counted after it. */
  async function underLoad(work: (goesOn: () => Promise<void>) => Promise<void>): Promise<void> {
    const before = handledPushes();
    const sync = await startSync(deployment, SERVICE_ACCOUNT);
    const load = await Load.start(deployment, CALLERS);
    const pushing = new Pushing(deployment, USERS);
    const goesOn = async () => {
      const [calls, pushes] = [load.accepted.length, pushing.msgIds.length];
      await until(
        'calls and pushes flow',
        () => load.accepted.length > calls + 20 && pushing.msgIds.length > pushes + 5,
      );
    };
    try {
      await goesOn();
      await work(goesOn);
      await goesOn();
    } finally {
      await Promise.all([load.stop(), pushing.stop()]);
    }

    expect(load.refused).toEqual([]);
    const ends = new Map<string, CallBody>();
    for (const { content, body } of load.accepted) ends.set(content, await settledCall(deployment, body.id!, 1));
    const arrived = await arrivals(deployment);
    for (const { kind, content } of load.accepted) {
      expect(ends.get(content), content).toMatchObject({ state: 'completed' });
      if (kind === 'send') expect(arrived.get(content), content).toBe(1);
    }
    // A caller without an answer came while its gateway was down: nothing was done.
    for (const { content, status } of load.asked) if (status === 0) expect(arrived.has(content), content).toBe(false);

    const pushes = () => new Set([...handledPushes()].filter((push) => !before.has(push)));
    await until('every accepted push is handled', () => pushes().size >= pushing.msgIds.length);
    expect(pushes().size).toBe(pushing.msgIds.length);
    await until('the stream is empty', async () => (await redis.xlen('wx:{pushes}:stream')) === 0);

    expect(await completed(deployment, sync.id)).toMatchObject({ error: null });
    const here = (await exported(deployment, SERVICE_ACCOUNT)).filter(({ subscribed }) => subscribed);
    expect(here.map(({ openid }) => openid).toSorted()).toEqual(await followersAtWeChat(deployment, SERVICE_ACCOUNT));
    for (const child of [...deployment.gateways, ...deployment.workers]) {
      if (child.running)
        expect(child.lines().filter(({ level, msg }) => Number(level) >= 50 || msg === 'job failed')).toEqual([]);
    }
  }

  /** With a kind of token that the older worker does not know. */
  async function expectPageSigned(gateway: number): Promise<void> {
    const page = { url: 'https://shop.example.com/' };
    const signed = await deployment.api('POST', `/v1/authorizers/${SERVICE_ACCOUNT}/js-config`, page, gateway);
    expect(signed.status).toBe(200);
  }

  async function replaceGateway(index: number, main?: string): Promise<void> {
    await shutsDown(deployment.gateways[index]!);
    await deployment.startGateway(index, {}, main).says('gateway listening');
  }

  async function shutsDown(child: Child): Promise<void> {
    expect(await child.shutDown()).toBe(0);
  }

  /** By the id of the journal, or, where an older worker handled it, of its job; each once, since its job may run again. */
  function handledPushes(): Set<unknown> {
    const lines = deployment.workers.flatMap((worker) => worker.lines());
    return new Set(lines.filter(({ msg, push }) => msg === 'push' && push === 'text').map(({ id, job }) => id ?? job));
  }
});
