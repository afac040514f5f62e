import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from '../support/deployment.ts';
import type { Bench, Round } from './bench.ts';
import type { AskerSettings, Order, Served } from './token-asker-talk.ts';

const PROCESSES = 16;
const ENDPOINT_MS = 100;
const WARM_UPS = 2;
const ROUNDS = 15;
/** Long enough for the order to reach every process before it is to be carried out. */
const NOTICE_MS = 100;
const ENDPOINT = '/cgi-bin/component/api_authorizer_token';
const ASKER = fileURLToPath(new URL('token-asker.ts', import.meta.url));

const bench: Bench = {
  name: `${PROCESSES} processes need one expired token`,
  measured: 'from the moment at which all find it dead until the last has the next one',
  against: `WeChat's endpoint alone, which takes ${ENDPOINT_MS} ms`,
  guide: { atMost: 1.6 },
  run,
};
export default bench;

async function run() {
  const secretsKey = randomBytes(32).toString('base64');
  const deployment = await Deployment.open({ workers: 2, env: { SECRETS_KEY: secretsKey, LOG_LEVEL: 'info' } });
  const askers: Asker[] = [];
  const redis = deployment.redis.client();
  try {
    await deployment.authorized(SERVICE_ACCOUNT);
    await deployment.authorized(MINI_PROGRAM);
    await deployment.wechat.control('POST', '/delay', { path: ENDPOINT, ms: ENDPOINT_MS });
    const settings = askerSettings(deployment, secretsKey);
    askers.push(...Array.from({ length: PROCESSES }, () => new Asker(settings)));
    await Promise.all(askers.map((asker) => asker.served()));

    const rounds: Round[] = [];
    const requests: number[] = [];
    const tokens: number[] = [];
    for (let round = 1; round <= WARM_UPS + ROUNDS; round++) {
      const against = await endpointAlone(deployment);
      const before = await deployment.wechat.asked(`POST ${ENDPOINT}`);
      // Rounds follow each other faster than refused replacements are believed.
      await redis.del(`wx:{${deployment.component.appid}:${SERVICE_ACCOUNT}}:distrusts:authorizer`);
      const startAt = Date.now() + NOTICE_MS;
      for (const asker of askers) asker.order({ startAt });
      const served = await Promise.all(askers.map((asker) => asker.served()));
      if (round <= WARM_UPS) continue;
      rounds.push({ measured: Math.max(...served.map(({ afterMs }) => afterMs)), against });
      requests.push((await deployment.wechat.asked(`POST ${ENDPOINT}`)) - before);
      tokens.push(new Set(served.map(({ version }) => version)).size);
    }
    return {
      unit: 'ms',
      rounds,
      facts: [
        { what: 'one request to WeChat in each round', holds: requests.every((count) => count === 1) },
        { what: 'the same new token for all', holds: tokens.every((count) => count === 1) },
      ],
    };
  } finally {
    for (const asker of askers) asker.stop();
    redis.disconnect();
    await deployment.close();
  }
}

/** The same request for another account, straight at WeChat. */
async function endpointAlone(deployment: Deployment): Promise<number> {
  const { componentTokens, refreshTokens } = await deployment.wechat.control<Record<string, string[]>>(
    'GET',
    '/secrets',
  );
  const body = JSON.stringify({
    component_appid: deployment.component.appid,
    authorizer_appid: MINI_PROGRAM,
    authorizer_refresh_token: refreshTokens!.at(-1),
  });
  const url = `${deployment.wechat.url}${ENDPOINT}?component_access_token=${componentTokens!.at(-1)}`;
  const begunAt = performance.now();
  const answer = await (await fetch(url, { method: 'POST', body })).json();
  const took = performance.now() - begunAt;
  if (!(answer as { authorizer_access_token?: string }).authorizer_access_token) {
    throw new Error(`the endpoint alone: ${JSON.stringify(answer)}`);
  }
  return took;
}

function askerSettings(deployment: Deployment, secretsKey: string): AskerSettings {
  const { component, redis, wechat } = deployment;
  return {
    platform: {
      redisUrl: redis.url,
      redisPrefix: 'wx',
      roles: ['worker'],
      databaseUrl: `sqlite:${deployment.dir}/deployment.sqlite`,
      components: [component],
      wechat: { apiBases: [wechat.url], mpBase: wechat.url, openBase: wechat.url },
      deliveryNets: [],
      inlineConcurrency: 500,
      pushDays: 7,
      followerDaysAfterRevocation: 30,
      alarms: { channels: [], speed: 1 },
    },
    secretsKey,
    owner: { kind: 'authorizer', component: component.appid, appid: SERVICE_ACCOUNT },
  };
}

class Asker {
  readonly #process: ChildProcess;

  constructor(settings: AskerSettings) {
    this.#process = fork(ASKER, { env: { ...process.env, ASKER_SETTINGS: JSON.stringify(settings) } });
  }

  order(order: Order): void {
    this.#process.send(order);
  }

  served(): Promise<Exclude<Served, { failure: string }>> {
    return new Promise((resolve, reject) => {
      const onMessage = (served: Served) => {
        this.#process.off('exit', onExit);
        if ('failure' in served) reject(new Error(served.failure));
        else resolve(served);
      };
      const onExit = () => reject(new Error('a process of the bench has ended'));
      this.#process.once('message', onMessage as (message: unknown) => void);
      this.#process.once('exit', onExit);
    });
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
