import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Child } from '../support/child.ts';
import { until } from '../support/until.ts';
import { childOn } from './child-on.ts';
import { type Hosts, NODE_HOSTS, type NodeHost } from './hosts.ts';

/** The limits of the published figures. */
const DOWN_AFTER_MS = 1_500;
const CLUSTER_NODE_TIMEOUT_MS = 2_000;
const FAILOVER_TIMEOUT_MS = 6_000;
const PAUSE_OF_PLANNED_SWITCH_MS = 4_000;

const REDIS_PORT = 6379;
const REPLICA_PORT = 6380;
const SENTINEL_PORT = 26379;
const PRIMARY_NAME = 'chaos';

/** As docs/hosts.md demands them. */
const SETTINGS = `appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
min-replicas-max-lag 2
repl-ping-replica-period 1
repl-diskless-sync-delay 0
protected-mode no
`;

const ONE_REPLICA_AT_LEAST = 'min-replicas-to-write 1\n';

/** One redis-server (or Sentinel) with a configuration file of its own, which it rewrites. */
export class RedisOnHost {
  readonly host: NodeHost;
  readonly port: number;
  readonly address: string;
  readonly #hosts: Hosts;
  readonly #dir: string;
  readonly #sentinel: boolean;
  #child: Child | undefined;

  constructor(hosts: Hosts, host: NodeHost, port: number, dir: string, sentinel = false) {
    this.#hosts = hosts;
    this.host = host;
    this.port = port;
    this.address = hosts.address(host);
    this.#dir = join(dir, `${host}-${port}`);
    this.#sentinel = sentinel;
  }

  async configure(settings: string): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    const own = `port ${this.port}\nbind ${this.address}\ndir ${this.#dir}\n`;
    await writeFile(this.#file, own + settings);
  }

  start(): void {
    const args = [this.#file, ...(this.#sentinel ? ['--sentinel'] : [])];
    this.#child = childOn(this.#hosts, this.host, `redis ${this.port}`, 'redis-server', args);
  }

  async answers(): Promise<void> {
    await until(`${this.host}:${this.port} answers`, async () => (await this.command('PING')) === 'PONG');
  }

  kill(): Promise<void> {
    return this.#child?.kill() ?? Promise.resolve();
  }

  freeze(): void {
    this.#child?.freeze();
  }

  thaw(): void {
    this.#child?.thaw();
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  get output(): string {
    return this.#child?.output ?? '';
  }

  /** Runs one command over a connection of its own; rejects after two seconds without an answer. */
  async command(name: string, ...args: readonly string[]): Promise<unknown> {
    const redis = new Redis({
      host: this.address,
      port: this.port,
      lazyConnect: true,
      connectTimeout: 1_000,
      commandTimeout: 2_000,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      retryStrategy: () => null,
    });
    redis.on('error', () => {});
    try {
      await redis.connect();
      return await redis.call(name, ...args);
    } finally {
      redis.disconnect();
    }
  }

  /** One section of INFO as an object. */
  async info(section: string): Promise<Record<string, string>> {
    const lines = String(await this.command('INFO', section)).split('\r\n');
    return Object.fromEntries(lines.filter((line) => line.includes(':')).map((line) => line.split(':', 2)));
  }

  get #file(): string {
    return join(this.#dir, 'redis.conf');
  }
}

/** The Redis servers of a topology. */
export interface RedisHosts {
  readonly url: string;
  readonly servers: readonly RedisOnHost[];
  start(): Promise<void>;
  /** Waits until all servers work and replicate, as before the first fault. */
  steady(): Promise<void>;
  close(): Promise<void>;
}

/** A primary, two replicas and three Sentinels. */
export class SentinelHosts implements RedisHosts {
  /** The Redis of a topology of this kind. */
  static of(redis: RedisHosts): SentinelHosts {
    if (!(redis instanceof SentinelHosts)) throw new Error('the fault needs another topology');
    return redis;
  }

  readonly servers: readonly RedisOnHost[];
  readonly #sentinels: readonly RedisOnHost[];

  constructor(hosts: Hosts, dir: string) {
    this.servers = NODE_HOSTS.map((host) => new RedisOnHost(hosts, host, REDIS_PORT, dir));
    this.#sentinels = NODE_HOSTS.map((host) => new RedisOnHost(hosts, host, SENTINEL_PORT, dir, true));
  }

  get url(): string {
    const list = this.#sentinels.map(({ address, port }) => `${address}:${port}`).join(',');
    return `redis+sentinel://${list}/${PRIMARY_NAME}`;
  }

  async start(): Promise<void> {
    const [first] = this.servers;
    const primary = `${first!.address} ${first!.port}`;
    for (const server of this.servers) {
      await server.configure(`${SETTINGS}${ONE_REPLICA_AT_LEAST}${server === first ? '' : `replicaof ${primary}\n`}`);
      server.start();
    }
    await Promise.all(this.servers.map((server) => server.answers()));
    for (const sentinel of this.#sentinels) {
      await sentinel.configure(`protected-mode no
sentinel monitor ${PRIMARY_NAME} ${primary} 2
sentinel down-after-milliseconds ${PRIMARY_NAME} ${DOWN_AFTER_MS}
sentinel failover-timeout ${PRIMARY_NAME} ${FAILOVER_TIMEOUT_MS}
sentinel parallel-syncs ${PRIMARY_NAME} 1
`);
      sentinel.start();
    }
    await Promise.all(this.#sentinels.map((sentinel) => sentinel.answers()));
    await this.steady();
  }

  /** The server that most Sentinels name. */
  async primary(): Promise<RedisOnHost> {
    const named = await Promise.allSettled(
      this.#sentinels.map((sentinel) => sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', PRIMARY_NAME)),
    );
    const addresses = named.flatMap((one) => (one.status === 'fulfilled' ? [String((one.value as string[])[0])] : []));
    const found = this.servers.find(({ address }) => addresses.filter((one) => one === address).length >= 2);
    if (!found) throw new Error(`the Sentinels agree on no primary: ${addresses.join(', ')}`);
    return found;
  }

  /** The documented procedure: pausing writes lets the replicas catch up before one is promoted. */
  async switchAsPlanned(): Promise<void> {
    const primary = await this.primary();
    await primary.command('CLIENT', 'PAUSE', String(PAUSE_OF_PLANNED_SWITCH_MS), 'WRITE');
    const sentinel = this.#sentinels.find(({ host }) => host !== primary.host)!;
    await sentinel.command('SENTINEL', 'FAILOVER', PRIMARY_NAME);
  }

  async steady(): Promise<void> {
    await until('the primary has two replicas, which every Sentinel knows', async () => {
      const primary = await this.primary();
      const { role, connected_slaves: replicas } = await primary.info('replication');
      const states = await Promise.all(
        this.#sentinels.map((sentinel) => sentinel.command('SENTINEL', 'CKQUORUM', PRIMARY_NAME)),
      );
      const infos = await Promise.all(this.servers.map((server) => server.info('replication')));
      const linked = infos.filter(({ master_link_status: link }) => link === 'up').length;
      const known = await Promise.all(
        this.#sentinels.map((sentinel) => sentinel.command('SENTINEL', 'REPLICAS', PRIMARY_NAME)),
      );
      const all = known.every((list) => healthyReplicas(list as string[][]) === 2);
      return role === 'master' && replicas === '2' && linked === 2 && all && states.every((one) => isOk(one));
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sentinels, ...this.servers].map((server) => server.kill()));
  }
}

function isOk(answer: unknown): boolean {
  return String(answer).startsWith('OK 3 ');
}

function healthyReplicas(replicas: readonly (readonly string[])[]): number {
  return replicas.filter((fields) => fields[fields.indexOf('flags') + 1] === 'slave').length;
}

/** Three masters, each with a replica on the next host. */
export class ClusterHosts implements RedisHosts {
  /** The Redis of a topology of this kind. */
  static of(redis: RedisHosts): ClusterHosts {
    if (!(redis instanceof ClusterHosts)) throw new Error('the fault needs another topology');
    return redis;
  }

  readonly servers: readonly RedisOnHost[];
  readonly #hosts: Hosts;

  constructor(hosts: Hosts, dir: string) {
    this.#hosts = hosts;
    this.servers = [REDIS_PORT, REPLICA_PORT].flatMap((port) =>
      NODE_HOSTS.map((host) => new RedisOnHost(hosts, host, port, dir)),
    );
  }

  get url(): string {
    const list = this.servers.filter(({ port }) => port === REDIS_PORT);
    return `redis+cluster://${list.map(({ address, port }) => `${address}:${port}`).join(',')}`;
  }

  async start(): Promise<void> {
    for (const server of this.servers) {
      // A promoted replica has none of its own until the former master is back; it would refuse every write.
      await server.configure(
        `${SETTINGS}cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-node-timeout ${CLUSTER_NODE_TIMEOUT_MS}\n`,
      );
      server.start();
    }
    await Promise.all(this.servers.map((server) => server.answers()));
    const [first] = this.servers;
    const addresses = this.servers.map(({ address, port }) => `${address}:${port}`);
    const create = ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'];
    const cli = childOn(this.#hosts, first!.host, 'redis-cli', 'redis-cli', create);
    const code = await cli.ended();
    if (code !== 0) throw new Error(`redis-cli --cluster create: ${code} ${cli.output}`);
    await this.steady();
  }

  /** The master that serves the slot of this key. */
  async masterOf(key: string): Promise<RedisOnHost> {
    const asked = this.servers.find(({ running }) => running)!;
    const slot = Number(await asked.command('CLUSTER', 'KEYSLOT', key));
    const ranges = (await asked.command('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    const range = ranges.find(([from, to]) => from <= slot && slot <= to);
    const [address, port] = range?.[2] ?? [];
    const found = this.servers.find((server) => server.address === address && server.port === port);
    if (!found) throw new Error(`no master serves slot ${slot}`);
    return found;
  }

  async steady(): Promise<void> {
    await until('every master has a replica', async () => {
      const infos = await Promise.all(this.servers.map((server) => server.info('replication')));
      const masters = infos.filter(({ role, connected_slaves: replicas }) => role === 'master' && replicas === '1');
      const replicas = infos.filter(({ master_link_status: link }) => link === 'up');
      const states = await Promise.all(this.servers.map((server) => server.command('CLUSTER', 'INFO')));
      const ok = states.every((text) => String(text).includes('cluster_state:ok'));
      return masters.length === 3 && replicas.length === 3 && ok;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
  }
}

/** For a harness without several servers: one Redis on the first host. */
export class SingleRedis implements RedisHosts {
  readonly servers: readonly RedisOnHost[];

  constructor(hosts: Hosts, dir: string) {
    this.servers = [new RedisOnHost(hosts, 'h1', REDIS_PORT, dir)];
  }

  get url(): string {
    const [{ address, port }] = this.servers as readonly [RedisOnHost];
    return `redis://${address}:${port}`;
  }

  async start(): Promise<void> {
    const [server] = this.servers as readonly [RedisOnHost];
    await server.configure(SETTINGS);
    server.start();
    await this.steady();
  }

  steady(): Promise<void> {
    return this.servers[0]!.answers();
  }

  async close(): Promise<void> {
    await this.servers[0]!.kill();
  }
}
