import type { Cluster, Redis } from 'ioredis';
import { mastersOf } from './servers.ts';

/** What a master reports about durability, replicas and memory. Undefined: providers of managed Redis may hide it. */
export interface ServerReport {
  /** `host:port`. */
  readonly address: string;
  readonly isReplica: boolean;
  readonly maxmemoryPolicy: string;
  readonly appendOnly: boolean;
  readonly appendFsync: string | undefined;
  /** The last write, or the last rewrite, of the append-only file failed. */
  readonly isAppendFailing: boolean;
  readonly replicas: number;
  /** Of the slowest replica, in seconds. */
  readonly maxLagS: number;
  readonly minReplicasToWrite: number | undefined;
  readonly usedMemory: number;
  /** The server's limit or, without one, the machine's memory. */
  readonly maxMemory: number;
}

/** Of every master to which there is a connection. */
export async function reportServers(redis: Redis | Cluster): Promise<ServerReport[]> {
  const masters = await mastersOf(redis);
  return Promise.all(masters.flatMap(({ address, connection }) => (connection ? [reportOf(address, connection)] : [])));
}

async function reportOf(address: string, server: Redis): Promise<ServerReport> {
  const config = async (name: string) => ((await server.config('GET', name).catch(() => [])) as string[])[1];
  const [info, appendFsync, minReplicas] = await Promise.all([
    server.info(),
    config('appendfsync'),
    config('min-replicas-to-write'),
  ]);
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const lags = [...info.matchAll(/^slave\d+:.*\blag=(\d+)/gm)].map(([, lag]) => Number(lag));
  return {
    address,
    isReplica: field('role') === 'slave',
    maxmemoryPolicy: field('maxmemory_policy'),
    appendOnly: field('aof_enabled') === '1',
    appendFsync,
    isAppendFailing: [field('aof_last_bgrewrite_status'), field('aof_last_write_status')].includes('err'),
    replicas: Number(field('connected_slaves')),
    maxLagS: Math.max(0, ...lags),
    minReplicasToWrite: minReplicas === undefined ? undefined : Number(minReplicas),
    usedMemory: Number(field('used_memory')),
    maxMemory: Number(field('maxmemory')) || Number(field('total_system_memory')) || Number.POSITIVE_INFINITY,
  };
}
