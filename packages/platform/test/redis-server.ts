import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type RedisClient, withKeyspace } from '../src/redis/connect.ts';
import { DEFAULT_REDIS_PREFIX } from '../src/redis/keys.ts';
import { endsWithUs } from './ends-with-us.ts';

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
  const { server, port } = await listening(dir);
  const url = `redis://127.0.0.1:${port}`;
  const redis = withKeyspace(new Redis(url, { lazyConnect: true, retryStrategy: () => null }), DEFAULT_REDIS_PREFIX);
  redis.on('error', () => {});
  await redis.connect();
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

/** Another process may take a free port before the server does; then the server ends, and another port is tried. */
async function listening(dir: string): Promise<{ server: ChildProcess; port: number }> {
  let output = '';
  for (let tries = 0; tries < 5; tries++) {
    const port = await freePort();
    const server = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    endsWithUs(server);
    output = '';
    const listens = await new Promise<boolean>((resolve, reject) => {
      server.once('error', reject);
      server.once('exit', () => resolve(false));
      server.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('Ready to accept connections')) resolve(true);
      });
    });
    server.stdout.removeAllListeners('data').resume();
    if (listens) return { server, port };
  }
  throw new Error(`redis-server does not start: ${output}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
