import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import { Cluster, type Redis } from 'ioredis';
import { mastersOf } from './servers.ts';

/** What the log has of Redis at the start. */
export interface RedisDescription {
  readonly kind: 'standalone' | 'sentinel' | 'cluster';
  /** The primary, or each master. */
  readonly servers: readonly ServerDescription[];
}

export interface ServerDescription {
  /** `host:port`. */
  readonly address: string;
  readonly version: string;
  readonly mode: 'standalone' | 'sentinel' | 'cluster';
  readonly isReplica: boolean;
  readonly replicas: number;
  /** It refuses writes while fewer replicas are connected. Undefined: it does not report it. */
  readonly minReplicasToWrite: number | undefined;
  readonly maxmemoryPolicy: string;
  readonly appendOnly: boolean;
}

const SLOTS = 16_384;
const RETRY_INTERVAL_MS = 500;
/** The first version with all commands that are used here. */
const MIN_VERSION = [6, 2] as const;

export async function describeServers(redis: Redis | Cluster): Promise<RedisDescription> {
  const masters = await mastersOf(redis);
  const described = masters.flatMap(({ address, connection }) => (connection ? [describe(address, connection)] : []));
  return { kind: kindOf(redis), servers: await Promise.all(described) };
}

/**
 * Throws a Failure that names the remedy if Redis is too old, of another kind than REDIS_URL says, a replica, or a Cluster
 * that lacks servers. The last two may
 * be the state of a moment, so they must last for `timeoutMs`.
 */
export async function assertUsable(redis: Redis | Cluster, timeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const { servers } = await describeServers(redis);
    const old = servers.find(({ version }) => isTooOld(version));
    if (old) throw unusable('redis_too_old', `Redis ${old.version} is too old; use version 6.2 or newer.`);
    const [server] = servers;
    if (server && !(redis instanceof Cluster)) await assertRightScheme(redis, server);
    const failure = replicaAmong(servers) ?? (redis instanceof Cluster ? lackOfServers(redis) : undefined);
    if (failure === undefined) return;
    if (performance.now() > giveUpAt) throw failure;
    await pause(RETRY_INTERVAL_MS);
  }
}

export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < MIN_VERSION[0] || (major === MIN_VERSION[0] && minor < MIN_VERSION[1]);
}

function replicaAmong(servers: readonly ServerDescription[]): Failure | undefined {
  const replica = servers.find(({ isReplica }) => isReplica);
  return (
    replica &&
    unusable('redis_is_replica', `${replica.address} is a replica; REDIS_URL must name the primary, or Sentinels.`)
  );
}

function lackOfServers(cluster: Cluster): Failure | undefined {
  const uncovered = uncoveredSlots(cluster);
  return uncovered === undefined ? undefined : unusable('redis_slots_uncovered', uncovered);
}

/** A sentence with the remedy, if the Cluster has slots without a server. */
export function uncoveredSlots(cluster: Cluster): string | undefined {
  const covered = cluster.slots.filter((servers) => servers?.length > 0).length;
  if (covered === SLOTS) return undefined;
  return `${SLOTS - covered} of the ${SLOTS} slots of the Redis Cluster have no server; assign them ("redis-cli --cluster fix").`;
}

/** The key's slot has another server, or none. */
function isElsewhere(error: unknown): boolean {
  return error instanceof Error && /^(?:MOVED|CLUSTERDOWN) /.test(error.message);
}

/** Of the keys of a Cluster, a server that is not the only master answers for a part. */
const PROBED_KEYS = Array.from({ length: 16 }, (_, i) => `probe:${i}`);

async function assertRightScheme(redis: Redis, { address, mode }: ServerDescription): Promise<void> {
  if (mode === 'sentinel') {
    throw unusable('redis_is_sentinel', `${address} is a Sentinel; use redis+sentinel://HOST:26379/NAME in REDIS_URL.`);
  }
  if (mode !== 'cluster') return;
  // A proxy before a Cluster, as providers have it, answers for all keys.
  const answers = await Promise.allSettled(PROBED_KEYS.map((key) => redis.exists(key)));
  if (answers.some((answer) => answer.status === 'rejected' && isElsewhere(answer.reason))) {
    throw unusable('redis_is_cluster', `${address} is in a Redis Cluster; begin REDIS_URL with redis+cluster://.`);
  }
}

function unusable(code: string, message: string): Failure {
  return new Failure(code, 'operator', message);
}

async function describe(address: string, server: Redis): Promise<ServerDescription> {
  const [info, minReplicas] = await Promise.all([
    server.info(),
    // Providers of managed Redis refuse CONFIG.
    server.config('GET', 'min-replicas-to-write').catch(() => []),
  ]);
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const [, minReplicasToWrite] = minReplicas as string[];
  return {
    address,
    version: field('redis_version'),
    mode: modeOf(field('redis_mode')),
    isReplica: field('role') === 'slave',
    replicas: Number(field('connected_slaves')),
    minReplicasToWrite: minReplicasToWrite === undefined ? undefined : Number(minReplicasToWrite),
    maxmemoryPolicy: field('maxmemory_policy'),
    appendOnly: field('aof_enabled') === '1',
  };
}

function modeOf(text: string): ServerDescription['mode'] {
  return text === 'sentinel' || text === 'cluster' ? text : 'standalone';
}

export function kindOf(redis: Redis | Cluster): RedisDescription['kind'] {
  if (redis instanceof Cluster) return 'cluster';
  return redis.options.sentinels ? 'sentinel' : 'standalone';
}
