import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRedis, type RedisClient } from '../src/redis/connect.ts';
import { DEFAULT_REDIS_PREFIX } from '../src/redis/keys.ts';
import { freePort } from './free-port.ts';
import { RedisProcess } from './redis-process.ts';
import { until } from './until.ts';

const NAME = 'mymaster';

export interface SentinelOptions {
  readonly replicas?: number;
  /** Arguments of every Redis server, like `['--appendonly', 'yes']`. */
  readonly serverArgs?: readonly string[];
  /** How long a server must not answer until a Sentinel considers it down. */
  readonly downAfterMs?: number;
  /** Of the Sentinels. */
  readonly password?: string;
}

/** A primary with replicas, watched by three Sentinels, for one suite. */
export class TestSentinels {
  /** The first one is the first primary. */
  readonly servers: readonly RedisProcess[];
  readonly sentinels: readonly RedisProcess[];
  readonly url: string;
  readonly #dir: string;
  readonly #password: string | undefined;

  constructor(
    dir: string,
    servers: readonly RedisProcess[],
    sentinels: readonly RedisProcess[],
    password: string | undefined,
  ) {
    this.#dir = dir;
    this.#password = password;
    this.servers = servers;
    this.sentinels = sentinels;
    const parameters = password === undefined ? '' : `?sentinelPassword=${encodeURIComponent(password)}`;
    this.url = `redis+sentinel://${sentinels.map(({ address }) => address).join(',')}/${NAME}${parameters}`;
  }

  /** The one that the Sentinels (or those given) name. */
  async primary(sentinels = this.sentinels): Promise<RedisProcess> {
    const answers = await Promise.all(sentinels.map((sentinel) => this.#primaryAt(sentinel)));
    const ports = new Set(answers);
    if (ports.size !== 1) throw new Error('The Sentinels do not agree.');
    return this.servers.find(({ port }) => ports.has(port))!;
  }

  /** Waits until all Sentinels (or those given) name another primary than `former`, and it accepts writes. */
  async switchedFrom(former: RedisProcess, sentinels = this.sentinels): Promise<RedisProcess> {
    let primary = former;
    await until('the Sentinels name another primary', async () => {
      primary = await this.primary(sentinels).catch(() => former);
      return primary !== former && (await roleOf(primary)) === 'master';
    });
    return primary;
  }

  /** Asks a Sentinel for a failover while all servers are alive. */
  async failOver(sentinel = this.sentinels[0]!): Promise<void> {
    await this.#call(sentinel, ['failover', NAME]);
  }

  /** A connection to the primary, for the test to close. */
  connect(prefix = DEFAULT_REDIS_PREFIX): RedisClient {
    return connectRedis({ redisUrl: this.url, redisPrefix: prefix }, 'blocking', 'test');
  }

  /** Every Sentinel has heard of the replicas and of the other Sentinels, and every replica follows the primary. */
  async settled(): Promise<void> {
    await until('the Sentinels know everything', async () => {
      const views = await Promise.all(
        this.sentinels.map(async (sentinel) => asRecord(await this.#call(sentinel, ['master', NAME]))),
      );
      const replicas = await Promise.all(
        this.sentinels.map((sentinel) => this.#call(sentinel, ['replicas', NAME]) as Promise<string[][]>),
      );
      return (
        views.every(
          (view) =>
            view.flags === 'master' &&
            view['num-slaves'] === String(this.servers.length - 1) &&
            view['num-other-sentinels'] === String(this.sentinels.length - 1),
        ) &&
        replicas.flat().every((replica) => {
          const state = asRecord(replica);
          return state.flags === 'slave' && state['master-link-status'] === 'ok';
        })
      );
    });
  }

  async stop(): Promise<void> {
    const all = [...this.sentinels, ...this.servers];
    await Promise.all(all.map((process) => process.kill()));
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #primaryAt(sentinel: RedisProcess): Promise<number> {
    const [, port] = (await this.#call(sentinel, ['get-master-addr-by-name', NAME])) as [string, string];
    return Number(port);
  }

  async #call(sentinel: RedisProcess, args: readonly string[]): Promise<unknown> {
    const redis = sentinel.connect(this.#password === undefined ? {} : { password: this.#password });
    try {
      return await redis.call('SENTINEL', ...args);
    } finally {
      redis.disconnect();
    }
  }
}

export async function startSentinels({
  replicas = 2,
  serverArgs = [],
  downAfterMs = 1_500,
  password,
}: SentinelOptions = {}): Promise<TestSentinels> {
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-sentinels-'));
  const startServer = (...more: string[]) =>
    RedisProcess.start(freePort, async (port) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', await folder(dir, port)],
      ...['--save', '', '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
      ...more,
      ...serverArgs,
    ]);
  const primary = await startServer();
  const others = await Promise.all(
    Array.from({ length: replicas }, () => startServer('--replicaof', '127.0.0.1', String(primary.port))),
  );
  // The Sentinels find replicas only when they read the primary, every 10 s.
  await until('the replicas follow', async () => {
    const info = String(await primary.call('INFO', 'replication'));
    return (info.match(/state=online/g) ?? []).length === replicas;
  });
  const sentinels = await Promise.all(
    Array.from({ length: 3 }, () =>
      RedisProcess.start(freePort, async (port) => {
        const file = join(await folder(dir, port), 'sentinel.conf');
        await writeFile(
          file,
          [
            `port ${port}`,
            'bind 127.0.0.1',
            `dir ${await folder(dir, port)}`,
            ...(password === undefined ? [] : [`requirepass "${password}"`]),
            `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
            `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
            `sentinel failover-timeout ${NAME} 5000`,
            '',
          ].join('\n'),
        );
        return [file, '--sentinel'];
      }),
    ),
  );
  const started = new TestSentinels(dir, [primary, ...others], sentinels, password);
  await started.settled();
  return started;
}

async function folder(dir: string, port: number): Promise<string> {
  const path = join(dir, String(port));
  await mkdir(path, { recursive: true });
  return path;
}

async function roleOf(server: RedisProcess): Promise<string> {
  const [role] = (await server.call('ROLE')) as [string];
  return role;
}

function asRecord(reply: unknown): Record<string, string> {
  const flat = reply as string[];
  return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]));
}
