import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../test/redis-cluster.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { TcpForwarder } from '../../test/tcp-forwarder.ts';
import { until } from '../../test/until.ts';
import { type RedisClient, untilConnected } from './connect.ts';
import { RedisConnections } from './connections.ts';

let server: TestRedis;
let cluster: TestCluster;
let forwarder: TcpForwarder;

beforeAll(async () => {
  [server, cluster] = await Promise.all([startRedis(), startCluster()]);
  forwarder = await TcpForwarder.start(server.port);
});
afterAll(async () => {
  await Promise.all([server.stop(), cluster.stop(), forwarder.stop()]);
});

async function subscribed(redisUrl: string): Promise<{ subscriber: RedisClient; received: string[]; close(): void }> {
  const connections = new RedisConnections({ redisUrl, redisPrefix: 'wx' });
  const subscriber = connections.openSubscriber('hints');
  const received: string[] = [];
  const onMessage = (_channel: string, message: string) => received.push(message);
  subscriber.on('message', onMessage);
  await untilConnected(subscriber, 120_000);
  await subscriber.subscribe('news');
  return {
    subscriber,
    received,
    close() {
      subscriber.disconnect();
      connections.close();
    },
  };
}

it('a subscriber whose connection was cut without a sign connects again and receives messages', async () => {
  const { received, close } = await subscribed(`redis://127.0.0.1:${forwarder.port}`);
  forwarder.cut();
  await until('a message arrives', async () => {
    await server.redis.publish('news', 'again');
    return received.includes('again');
  });
  close();
});

it('a subscriber of a Cluster whose server is frozen receives messages from another one', async () => {
  const { received, close } = await subscribed(cluster.url);
  const clients = await Promise.all(
    cluster.servers.map(async (one) => ({ one, clients: String(await one.call('CLIENT', 'LIST')) })),
  );
  const used = clients.find((found) => /sub=1/.test(found.clients))!.one;
  const other = cluster.servers.find((one) => one !== used)!;
  used.freeze();
  await until('a message arrives', async () => {
    await other.call('PUBLISH', 'news', 'again').catch(() => {});
    return received.includes('again');
  });
  expect(received).toContain('again');
  close();
});
