import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSentinels, type TestSentinels } from '../packages/platform/test/sentinels.ts';
import { handledPushes, pushDeliveries, settleAll } from './support/accounting.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { killReplicated } from './support/kill-replicated.ts';
import { isAccepted, Load, Pushing, settledCall } from './support/load.ts';
import { until } from './support/until.ts';

let servers: TestSentinels;
let deployment: Deployment;

beforeAll(async () => {
  servers = await startSentinels();
  deployment = await Deployment.open({ redisUrl: servers.url });
  await deployment.authorized();
  await deployment.wechat.control('POST', '/options', { deliveries: 100_000, redeliveryMs: 250 });
});
afterAll(async () => {
  await deployment?.close();
  await servers.stop();
});

it('the primary dies under load: everything accepted is settled and handled, nothing is sent twice, and the processes reach the new one', async () => {
  const load = await Load.start(deployment, 6);
  const pushing = new Pushing(deployment, 2);
  await until('calls and pushes flow', () => load.accepted.length > 60 && pushing.msgIds.length > 20);

  const former = await servers.primary();
  await killReplicated(former);
  const primary = await servers.switchedFrom(former);
  const acceptedBefore = load.accepted.length;
  const pushedBefore = pushing.msgIds.length;
  // A gateway answers by connections that fail fast, a worker runs by connections that wait.
  const background = await until('a background call is accepted', async () => {
    const { status, body } = await deployment.call(SERVICE_ACCOUNT, {
      method: 'GET',
      path: '/cgi-bin/user/get',
      waitMs: 0,
    });
    return isAccepted(status) && body;
  });
  expect(await settledCall(deployment, background.id)).toMatchObject({ state: 'completed' });
  await until('the load flows again', () => load.accepted.length > acceptedBefore + 40);
  await until('pushes flow again', () => pushing.msgIds.length > pushedBefore + 20);
  await Promise.all([load.stop(), pushing.stop()]);

  expect(load.asked.filter(({ status }) => ![200, 202, 503].includes(status))).toEqual([]);
  await settleAll(deployment, load);
  await until('every push is accepted', async () => (await acceptedPushes()).size === pushing.msgIds.length);
  await until('every accepted push is handled', () => handledPushes(deployment.workers).size >= pushing.msgIds.length);
  for (const child of [...deployment.gateways, ...deployment.workers]) expect(child.running).toBe(true);
  expect(await primary.call('EXISTS', 'wx:processes')).toBe(1);
});

it('a durable call is sent only once a replica has received its claim', async () => {
  // On a busy machine the Sentinels may replace a primary that is alive; another one may have a replica that confirms.
  while (!(await waitsForReplica()));
});

/** False if the Sentinels have named another primary meanwhile. */
async function waitsForReplica(): Promise<boolean> {
  const path = '/cgi-bin/tags/create';
  const sent = async () => (await deployment.wechat.counters()).byAccount[SERVICE_ACCOUNT]?.[`POST ${path}`] ?? 0;
  const sentBefore = await sent();
  const outputBefore = deployment.workers.map(({ output }) => output.length);
  const named = () => until('the Sentinels agree', () => servers.primary());
  const primary = await named();
  const replicas = servers.servers.filter((server) => server !== primary);
  const isSwitched = async () => (await named()) !== primary;
  for (const replica of replicas) replica.freeze();
  let id: string;
  try {
    if (await isSwitched()) return false;
    const body = { tag: { name: '贵宾' } };
    const { status, body: call } = await deployment.call(SERVICE_ACCOUNT, {
      ...{ method: 'POST', path, body, waitMs: 0, durable: true },
    });
    if (status === 503 || (await isSwitched())) return false;
    expect(status).toBe(202);
    ({ id } = call);
    const hasTried = () =>
      deployment.workers.some(({ output }, i) => output.slice(outputBefore[i]).includes('"write":"departure"'));
    const ended = await until('a worker has tried to send it', async () =>
      hasTried() ? 'tried' : (await isSwitched()) && 'switched',
    );
    if (ended === 'switched') return false;
    expect(await sent()).toBe(sentBefore);
  } finally {
    for (const replica of replicas) replica.thaw();
  }
  expect(await settledCall(deployment, id)).toMatchObject({ state: 'completed' });
  expect(await sent()).toBe(sentBefore + 1);
  return true;
}

async function acceptedPushes(): Promise<Set<string>> {
  const all = await pushDeliveries(deployment);
  return new Set(all.filter(({ status, body }) => status === 200 && body === 'success').map(({ msgId }) => msgId));
}
