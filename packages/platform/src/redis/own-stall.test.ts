import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../test/redis-cluster.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { withDeadline } from '../deadline.ts';
import { type ConnectionMode, connectRedis, SOCKET_TIMEOUT_MS, untilConnected } from './connect.ts';

let server: TestRedis;
let cluster: TestCluster;
beforeAll(async () => {
  [server, cluster] = await Promise.all([startRedis(), startCluster()]);
});
afterAll(() => Promise.all([server.stop(), cluster.stop()]));

/** This process reads nothing and writes nothing for longer than a connection waits for an answer. */
function stall(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SOCKET_TIMEOUT_MS + 200);
}

const immediate = () => new Promise((resolve) => setImmediate(resolve));

it.each<[mode: ConnectionMode, kind: 'a server' | 'a Cluster']>([
  ['intake', 'a server'],
  ['blocking', 'a server'],
  ['intake', 'a Cluster'],
])(
  'a process that stalls keeps its %s connection to %s, and reads the answers that have arrived',
  async (mode, kind) => {
    const redisUrl = kind === 'a server' ? server.url : cluster.url;
    const redis = connectRedis({ redisUrl, redisPrefix: 'wx' }, mode, 'test');
    try {
      await untilConnected(redis, 20_000);
      await redis.set('key', 'value');
      let isLost = false;
      for (const event of ['close', '-node', 'node error']) redis.once(event, () => (isLost = true));

      const written = redis.get('key');
      const limited = withDeadline(redis.get('key'), SOCKET_TIMEOUT_MS, () => new Error('no answer in time'));
      await immediate();
      const unwritten = redis.get('key');
      stall();
      expect(await Promise.all([written, limited, unwritten])).toEqual(['value', 'value', 'value']);
      expect(isLost).toBe(false);
    } finally {
      redis.disconnect();
    }
  },
);
