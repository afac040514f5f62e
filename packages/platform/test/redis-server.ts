import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { withKeyspace } from '../src/redis/connect.ts';
import { DEFAULT_REDIS_PREFIX, type Keyspace } from '../src/redis/keys.ts';
import { freePort } from './free-port.ts';
import { RedisProcess } from './redis-process.ts';

/** A real redis-server for one suite, on a free port. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly redis: Redis & { readonly keyspace: Keyspace };
  /** Another connection, for the test to close. */
  connect(prefix?: string): Redis & { readonly keyspace: Keyspace };
  stop(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-redis-'));
  const server = await RedisProcess.start(freePort, (port) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'],
  ]);
  const url = `redis://${server.address}`;
  const redis = withKeyspace(new Redis(url, { lazyConnect: true, retryStrategy: () => null }), DEFAULT_REDIS_PREFIX);
  redis.on('error', () => {});
  await redis.connect();
  return {
    url,
    port: server.port,
    redis,
    connect: (prefix = DEFAULT_REDIS_PREFIX) => withKeyspace(new Redis(url), prefix),
    async stop() {
      redis.disconnect();
      await server.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
