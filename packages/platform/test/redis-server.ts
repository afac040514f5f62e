import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type RedisClient, withKeyspace } from '../src/redis/connect.ts';
import { DEFAULT_REDIS_PREFIX } from '../src/redis/keys.ts';

/** A real redis-server for one suite, on a free port. */
export interface TestRedis {
  readonly url: string;
  readonly redis: RedisClient;
  /** Another connection, for the test to close. */
  connect(prefix?: string): RedisClient;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-redis-'));
  const port = await freePort();
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  const url = `redis://127.0.0.1:${port}`;
  const redis = withKeyspace(await connected(url, server), DEFAULT_REDIS_PREFIX);
  return {
    url,
    redis,
    connect: (prefix = DEFAULT_REDIS_PREFIX) => withKeyspace(new Redis(url), prefix),
    async stop() {
      redis.disconnect();
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await gone;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function connected(url: string, server: ChildProcess): Promise<Redis> {
  let failure: Error | undefined;
  server.once('error', (error) => {
    failure = error;
  });
  for (let tries = 0; tries < 200; tries++) {
    if (failure) throw failure;
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => {});
    try {
      await redis.connect();
      return redis;
    } catch {
      redis.disconnect();
      await pause(25);
    }
  }
  throw new Error('redis-server does not answer');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
