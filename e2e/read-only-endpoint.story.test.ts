import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../packages/platform/test/redis-server.ts';
import { TcpForwarder } from '../packages/platform/test/tcp-forwarder.ts';
import { handledPushes, settleAll } from './support/accounting.ts';
import { Deployment } from './support/deployment.ts';
import { Load, Pushing } from './support/load.ts';
import { until } from './support/until.ts';

let first: TestRedis;
let second: TestRedis;
/** The name that a provider of Redis gives to its primary. */
let endpoint: TcpForwarder;
let deployment: Deployment;

beforeAll(async () => {
  [first, second] = await Promise.all([startRedis(), startRedis()]);
  await second.redis.call('REPLICAOF', '127.0.0.1', first.port);
  await until('the replica follows', async () => (await first.redis.info('replication')).includes('state=online'));
  endpoint = await TcpForwarder.start(first.port);
  deployment = await Deployment.open({ redisUrl: `redis://127.0.0.1:${endpoint.port}/0` });
  await deployment.authorized();
  await deployment.wechat.control('POST', '/options', { deliveries: 100, redeliveryMs: 250 });
});
afterAll(async () => {
  await deployment?.close();
  await endpoint.stop();
  await Promise.all([first.stop(), second.stop()]);
});

it('the endpoint of Redis leads to another server, and the former one becomes its replica: the processes follow, nothing is lost or sent twice', async () => {
  const load = await Load.start(deployment, 4);
  const pushing = new Pushing(deployment, 1);
  await until('calls and pushes flow', () => load.accepted.length > 40 && pushing.msgIds.length > 10);

  await first.redis.client('PAUSE', 60_000, 'WRITE');
  await until('the replica has everything', async () => (await offset(first)) === (await offset(second)));
  await second.redis.call('REPLICAOF', 'NO', 'ONE');
  endpoint.switchTo(second.port);
  // Connections to it stay, as do those to a server that a provider has demoted.
  await first.redis.call('REPLICAOF', '127.0.0.1', second.port);
  await first.redis.client('UNPAUSE');

  const acceptedBefore = load.accepted.length;
  const pushedBefore = pushing.msgIds.length;
  await until('the load flows again', () => load.accepted.length > acceptedBefore + 40);
  await until('pushes flow again', () => pushing.msgIds.length > pushedBefore + 10);
  await Promise.all([load.stop(), pushing.stop()]);

  expect(load.asked.filter(({ status }) => ![200, 202, 503].includes(status))).toEqual([]);
  await settleAll(deployment, load);
  await until('every push is handled', () => handledPushes(deployment.workers).size >= pushing.msgIds.length);
  for (const child of [...deployment.gateways, ...deployment.workers]) expect(child.running).toBe(true);
});

/** How much of the stream of replication a server has. */
async function offset(server: TestRedis): Promise<number> {
  const info = await server.redis.info('replication');
  return Number(/^(?:slave_repl_offset|master_repl_offset):(\d+)/m.exec(info)?.[1]);
}
