import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { connectRedis, type RedisClient } from '../src/redis/connect.ts';
import { DEFAULT_REDIS_PREFIX } from '../src/redis/keys.ts';
import { freeClusterPort } from './free-port.ts';
import { RedisProcess } from './redis-process.ts';
import { until } from './until.ts';

const MASTERS = 3;
const SLOTS = 16_384;

/** A Redis Cluster of three masters with a replica each, for one suite. */
export class TestCluster {
  /** The first three are the first masters; the one at `i + 3` is the replica of the one at `i`. */
  readonly servers: readonly RedisProcess[];
  readonly url: string;
  readonly #dir: string;

  constructor(dir: string, servers: readonly RedisProcess[]) {
    this.#dir = dir;
    this.servers = servers;
    this.url = `redis+cluster://${servers
      .slice(0, MASTERS)
      .map(({ address }) => address)
      .join(',')}`;
  }

  /** The server that accepts writes to the key now, as a server that is alive sees it. */
  async masterOf(key: string): Promise<RedisProcess> {
    for (const server of this.servers) {
      const masterPort = await masterPortOf(server, key).catch(() => undefined);
      const found = this.servers.find(({ port }) => port === masterPort);
      if (found) return found;
    }
    throw new Error('No server of the Cluster answers.');
  }

  /** Waits until another server than `former` accepts writes to the key, and the Cluster is whole. */
  async switchedFrom(former: RedisProcess, key: string): Promise<RedisProcess> {
    let master = former;
    await until('a replica has become the master', async () => {
      master = await this.masterOf(key).catch(() => former);
      return master !== former && String(await master.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
    });
    return master;
  }

  /** From now on a replica replaces a master that does not answer. */
  async permitFailover(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.call('CONFIG', 'SET', 'cluster-replica-no-failover', 'no')));
  }

  /** A connection for the test to close. */
  connect(prefix = DEFAULT_REDIS_PREFIX): RedisClient {
    return connectRedis({ redisUrl: this.url, redisPrefix: prefix }, 'blocking', 'test');
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
    await rm(this.#dir, { recursive: true, force: true });
  }
}

export interface ClusterOptions {
  readonly nodeTimeoutMs?: number;
  /** Otherwise a master that a busy machine delays for longer than the timeout is replaced, unless `permitFailover` comes first. */
  readonly failsOver?: boolean;
  /** Arguments of every server, like `['--appendonly', 'yes']`. */
  readonly serverArgs?: readonly string[];
}

export async function startCluster({
  nodeTimeoutMs = 2_000,
  failsOver = true,
  serverArgs = [],
}: ClusterOptions = {}): Promise<TestCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-cluster-'));
  const servers = await Promise.all(
    Array.from({ length: 2 * MASTERS }, () =>
      RedisProcess.start(freeClusterPort, async (port) => {
        const folder = join(dir, String(port));
        await mkdir(folder, { recursive: true });
        return [
          ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
          ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)],
          ...['--cluster-replica-no-failover', failsOver ? 'no' : 'yes'],
          ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
          ...serverArgs,
        ];
      }),
    ),
  );
  const connections = servers.map((server) => server.connect());
  try {
    await joinTogether(connections, servers);
  } finally {
    for (const connection of connections) connection.disconnect();
  }
  return new TestCluster(dir, servers);
}

async function joinTogether(connections: readonly Redis[], servers: readonly RedisProcess[]): Promise<void> {
  const [first, ...others] = connections as [Redis, ...Redis[]];
  const masters = connections.slice(0, MASTERS);
  await Promise.all(
    masters.map(async (master, i) => {
      const from = Math.floor((i * SLOTS) / MASTERS);
      const to = Math.floor(((i + 1) * SLOTS) / MASTERS);
      await master.cluster('SET-CONFIG-EPOCH', i + 1);
      await master.cluster('ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => from + slot));
    }),
  );
  await Promise.all(others.map((_, i) => first.cluster('MEET', '127.0.0.1', servers[i + 1]!.port)));
  await all(connections, 'cluster_known_nodes:6');
  const ids = await Promise.all(masters.map((master) => master.cluster('MYID')));
  await Promise.all(
    connections.slice(MASTERS).map((replica, i) =>
      // Refused until the replica has heard of its master.
      until('a replica follows', () =>
        replica.cluster('REPLICATE', String(ids[i])).then(
          () => true,
          () => false,
        ),
      ),
    ),
  );
  await all(connections, 'cluster_state:ok');
  await until('every server knows all replicas', async () => {
    const views = await Promise.all(connections.map((connection) => connection.cluster('SLOTS')));
    return views.every((view) => view.length === MASTERS && view.every(([, , ...members]) => members.length === 2));
  });
  await until('the replicas have copied their masters', async () => {
    const views = await Promise.all(masters.map((master) => master.info('replication')));
    return views.every((view) => view.includes('state=online'));
  });
}

async function all(connections: readonly Redis[], text: string): Promise<void> {
  await until(text, async () => {
    const states = await Promise.all(connections.map((connection) => connection.cluster('INFO')));
    return states.every((state) => state.includes(text));
  });
}

/** The port of the key's master. */
async function masterPortOf(server: RedisProcess, key: string): Promise<number | undefined> {
  const redis = server.connect();
  try {
    const slot = Number(await redis.cluster('KEYSLOT', key));
    const ranges = await redis.cluster('SLOTS');
    return ranges.find(([from, to]) => from <= slot && slot <= to)?.[2]?.[1];
  } finally {
    redis.disconnect();
  }
}
