import type { Child } from '../support/child.ts';
import { Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { AUTHORIZER_TOKEN, expire, follower, tally, USER_INFO } from '../support/tally.ts';
import { until } from '../support/until.ts';
import type { Bench, Round } from './bench.ts';

/**
 * Promises in seconds. Stories show that the events happen on a machine of any load; how long they take is
 * measured here. The duration of one read beside each shows how busy the machine was.
 */
const ROUNDS = 3;
/** WeChat answers only when it is released. */
const STILL = 600_000;

interface Scene {
  readonly deployment: Deployment;
  readonly read: () => ReturnType<Deployment['call']>;
  /** The only worker of the scene. */
  readonly worker: Child;
}

function promised(name: string, measured: string, mostMs: number, once: (scene: Scene) => Promise<number>): Bench {
  return {
    name,
    measured,
    against: 'one read of an undisturbed deployment',
    guide: { measuredAtMost: mostMs },
    run: async () => {
      const rounds: Round[] = [];
      for (let round = 0; round < ROUNDS; round++) rounds.push(await inDeployment(once));
      return { unit: 'ms', rounds, facts: [] };
    },
  };
}

async function inDeployment(once: (scene: Scene) => Promise<number>): Promise<Round> {
  const deployment = await Deployment.open({ gateways: 2 });
  try {
    await deployment.authorized();
    const openid = await follower(deployment);
    const read = () =>
      deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: USER_INFO, query: { openid }, waitMs: 60_000 });
    await read();
    const begunAt = performance.now();
    await read();
    const against = performance.now() - begunAt;
    return { measured: await once({ deployment, read, worker: deployment.workers[0]! }), against };
  } finally {
    await deployment.close();
  }
}

/** From a worker's death in a request for this path until another process has asked WeChat the same. */
async function takeover({ deployment, read, worker }: Scene, path: string): Promise<number> {
  const before = (await tally(deployment)).asked(path);
  const asked = async () => (await tally(deployment)).asked(path) - before;
  await deployment.wechat.control('POST', '/delay', { path, ms: STILL, count: 1 });
  await deployment.startWorker({}).says('worker ready');
  // The new worker must not be the one that receives the job.
  const second = deployment.workers.at(-1)!;
  await deployment.freeze(second);
  const reading = read();
  await until('WeChat is asked', async () => (await asked()) === 1);
  second.thaw();
  await worker.kill();
  const diedAt = performance.now();
  await until('WeChat is asked again', async () => (await asked()) === 2);
  const tookMs = performance.now() - diedAt;
  await reading;
  return tookMs;
}

export default [
  promised('a call is taken over', "from a worker's death until WeChat is asked again", 10_000, (scene) =>
    takeover(scene, USER_INFO),
  ),
  promised('a refresh is taken over', "from a worker's death until WeChat is asked again", 10_000, async (scene) => {
    await expire(scene.deployment, ['authorizer']);
    return takeover(scene, AUTHORIZER_TOKEN);
  }),
  promised('a worker exits', 'from SIGTERM until its exit, while WeChat does not answer', 10_000, async (scene) => {
    const before = (await tally(scene.deployment)).asked(USER_INFO);
    await scene.deployment.wechat.control('POST', '/delay', { path: USER_INFO, ms: STILL, count: 1 });
    const reading = scene.read();
    await until('WeChat is asked', async () => (await tally(scene.deployment)).asked(USER_INFO) > before);
    const askedAt = performance.now();
    await scene.worker.shutDown();
    const tookMs = performance.now() - askedAt;
    scene.deployment.startWorker();
    await reading;
    return tookMs;
  }),
  promised('Redis is emptied', 'from FLUSHALL until a read is completed', 15_000, async ({ deployment, read }) => {
    await deployment.redis.flush();
    const flushedAt = performance.now();
    await until('a read is completed', async () => (await read()).body.state === 'completed');
    return performance.now() - flushedAt;
  }),
  promised(
    'a key is revoked',
    'from its revocation until the other gateway refuses it',
    1_000,
    async ({ deployment }) => {
      const made = await deployment.api<{ id: string; key: string }>('POST', '/v1/keys', {
        name: 'k',
        scopes: ['calls'],
      });
      const status = async () => {
        const headers = { authorization: `Bearer ${made.body.key}` };
        return (await fetch(`${deployment.gatewayUrl(1)}/v1/status`, { headers })).status;
      };
      await until('the other gateway takes it', async () => (await status()) === 200);
      await deployment.api('DELETE', `/v1/keys/${made.body.id}`);
      const revokedAt = performance.now();
      await until('it is refused', async () => (await status()) === 401);
      return performance.now() - revokedAt;
    },
  ),
] satisfies readonly Bench[];
