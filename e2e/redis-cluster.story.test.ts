import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../packages/platform/test/redis-cluster.ts';
import { handledPushes, pushDeliveries, settleAll } from './support/accounting.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { completed, startSync } from './support/follower-syncs.ts';
import { killReplicated } from './support/kill-replicated.ts';
import { isAccepted, Load, Pushing, settledCall } from './support/load.ts';
import { connectionsTo } from './support/redis-connections.ts';
import { until } from './support/until.ts';

const NODES = 2;
/** Of one node, to three masters and their replicas. */
const MAX_CONNECTIONS = 48;

let cluster: TestCluster;
let deployment: Deployment;

beforeAll(async () => {
  cluster = await startCluster();
  deployment = await Deployment.open({ redisUrl: cluster.url, nodes: NODES, pushToAll: true });
  await deployment.authorized();
  await deployment.wechat.control('POST', '/options', { deliveries: 100_000, redeliveryMs: 250 });
});
afterAll(async () => {
  await deployment?.close();
  await cluster?.stop();
});

it('the master of an account dies under load: everything accepted is settled and handled, nothing is sent twice', async () => {
  const load = await Load.start(deployment, 6);
  const pushing = new Pushing(deployment, 2);
  await until('calls and pushes flow', () => load.accepted.length > 60 && pushing.msgIds.length > 20);
  const counts = await Promise.all(cluster.servers.map((server) => connectionsTo(server)));
  expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(NODES * MAX_CONNECTIONS);

  const sync = await startSync(deployment, SERVICE_ACCOUNT);
  const key = `wx:{${deployment.component.appid}:${SERVICE_ACCOUNT}}:calls`;
  const former = await cluster.masterOf(key);
  await killReplicated(former);
  await cluster.switchedFrom(former, key);
  const acceptedBefore = load.accepted.length;
  const pushedBefore = pushing.msgIds.length;
  // A gateway answers by connections that fail fast, a worker runs by connections that wait.
  const background = await until('a background call is accepted', async () => {
    const request = { method: 'GET', path: '/cgi-bin/user/get', waitMs: 0 };
    const { status, body } = await deployment.call(SERVICE_ACCOUNT, request);
    return isAccepted(status) && body;
  });
  expect(await settledCall(deployment, background.id)).toMatchObject({ state: 'completed' });
  await until('the load flows again', () => load.accepted.length > acceptedBefore + 40);
  await until('pushes flow again', () => pushing.msgIds.length > pushedBefore + 20);
  await Promise.all([load.stop(), pushing.stop()]);

  expect(load.asked.filter(({ status }) => ![200, 202, 503].includes(status))).toEqual([]);
  await settleAll(deployment, load);
  await completed(deployment, sync.id);
  await until('every push is accepted', async () => (await acceptedPushes()).size === pushing.msgIds.length);
  await until('every accepted push is handled', () => handledPushes(deployment.gateways).size >= pushing.msgIds.length);
  for (const [index, node] of deployment.gateways.entries()) {
    expect(node.running).toBe(true);
    await until('no master is missing', async () => {
      const response = await fetch(`${deployment.gatewayUrl(index)}/readyz`);
      return response.status === 200 && ((await response.json()) as { degraded: string[] }).degraded.length === 0;
    });
  }
});

async function acceptedPushes(): Promise<Set<string>> {
  const all = await pushDeliveries(deployment);
  return new Set(all.filter(({ status, body }) => status === 200 && body === 'success').map(({ msgId }) => msgId));
}
