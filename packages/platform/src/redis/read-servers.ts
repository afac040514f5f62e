import type { Cluster, Redis } from 'ioredis';
import { withDeadline } from '../deadline.ts';
import { kindOf, type RedisDescription } from './describe-servers.ts';
import { memoryIn } from './server-state.ts';
import { type Master, mastersOf } from './servers.ts';

/** All servers of Redis, as this process finds them now. */
export interface RedisServers {
  readonly kind: RedisDescription['kind'];
  readonly servers: readonly RedisServer[];
  /** Of the masters, as far as they report it: the lowest number, the policy that loses keys, and whether all have the file. */
  readonly minReplicasToWrite: number | null;
  readonly evictionPolicy: string | null;
  readonly aof: boolean | null;
}

export interface RedisServer {
  /** `host:port`. */
  readonly address: string;
  readonly role: 'primary' | 'replica';
  /** A primary answers; a replica is connected to its primary. */
  readonly up: boolean;
  /**
   * In bytes, `max` the limit or, without one, the machine's memory. Null: not known, as of replicas, which only their primaries
   * are asked about.
   */
  readonly memory: { readonly used: number; readonly max: number | null } | null;
  /** How many are connected; null: not known. */
  readonly replicas: number | null;
  /** How long ago a replica last confirmed what it has, to the second; null: not a replica. */
  readonly lagMs: number | null;
}

const ANSWER_TIMEOUT_MS = 1_000;
const SAFE_POLICY = 'noeviction';

interface MasterReport {
  readonly servers: readonly RedisServer[];
  readonly minReplicasToWrite?: number | undefined;
  readonly evictionPolicy?: string;
  readonly aof?: boolean;
}

/** Never rejects: a server that does not answer in a second is not up. */
export async function readServers(redis: Redis | Cluster): Promise<RedisServers> {
  const masters = await inTime(mastersOf(redis)).catch(() => []);
  const reports = await Promise.all(masters.map((master) => inTime(report(master)).catch(() => down(master))));
  const minReplicas = reports.flatMap(({ minReplicasToWrite }) => minReplicasToWrite ?? []);
  const policies = reports.flatMap(({ evictionPolicy }) => evictionPolicy ?? []);
  const files = reports.flatMap(({ aof }) => aof ?? []);
  return {
    kind: kindOf(redis),
    servers: reports.flatMap(({ servers }) => servers),
    minReplicasToWrite: minReplicas.length > 0 ? Math.min(...minReplicas) : null,
    evictionPolicy: policies.find((policy) => policy !== SAFE_POLICY) ?? policies[0] ?? null,
    aof: files.length > 0 ? files.every(Boolean) : null,
  };
}

function inTime<T>(answer: Promise<T>): Promise<T> {
  return withDeadline(answer, ANSWER_TIMEOUT_MS, () => new Error('no answer in time'));
}

async function report({ address, connection }: Master): Promise<MasterReport> {
  if (!connection) throw new Error('not connected');
  const [info, minReplicas] = await Promise.all([
    connection.info(),
    // Providers of managed Redis refuse CONFIG.
    connection.config('GET', 'min-replicas-to-write').catch(() => []),
  ]);
  const [, minReplicasToWrite] = minReplicas as string[];
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const replicas = [...info.matchAll(/^slave\d+:(.*?)\r?$/gm)].map(([, text]) => replicaOf(text!));
  const { used, max } = memoryIn(info);
  const primary = {
    address,
    role: 'primary',
    up: true,
    memory: { used, max: Number.isFinite(max) ? max : null },
    replicas: Number(field('connected_slaves')),
    lagMs: null,
  } as const;
  return {
    servers: [primary, ...replicas],
    minReplicasToWrite: minReplicasToWrite === undefined ? undefined : Number(minReplicasToWrite),
    evictionPolicy: field('maxmemory_policy'),
    aof: field('aof_enabled') === '1',
  };
}

/** `ip=10.0.0.2,port=6379,state=online,offset=42,lag=1` */
function replicaOf(text: string): RedisServer {
  const fields = new Map(text.split(',').map((part) => part.split('=', 2) as [string, string]));
  const lag = fields.get('lag');
  return {
    address: `${fields.get('ip')}:${fields.get('port')}`,
    role: 'replica',
    up: fields.get('state') === 'online',
    memory: null,
    replicas: null,
    lagMs: lag === undefined ? null : Number(lag) * 1_000,
  };
}

function down({ address }: Master): MasterReport {
  return { servers: [{ address, role: 'primary', up: false, memory: null, replicas: null, lagMs: null }] };
}
