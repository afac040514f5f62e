import { Failure } from '@wxthirdparty/wechat';
import type { Cluster, Redis } from 'ioredis';
import { mastersOf, serverOf } from './servers.ts';

/** What a server reports about itself. */
export interface ServerState {
  /** The share of its limit or, without one, of the machine's memory. */
  readonly usedMemoryShare: number;
}

/** In bytes: what a server uses, and its limit or, without one, the machine's memory. */
export interface ServerMemory {
  readonly used: number;
  readonly max: number;
}

/** Of the server that has the key. */
export async function readServerState(redis: Redis | Cluster, key: string): Promise<ServerState> {
  const { used, max } = memoryIn(await serverOf(redis, key).info('memory'));
  return { usedMemoryShare: used / max };
}

/** The replicas that are connected, by INFO. */
export function replicasIn(info: string): number {
  return numberIn(info, 'connected_slaves');
}

/** Whether `min-replicas-to-write` is set, by INFO, which managed servers permit where they refuse CONFIG. */
export function replicasRequired(info: string): boolean {
  return /^min_slaves_good_slaves:/m.test(info);
}

/** Of the fullest server. Those that do not answer are not counted, unless none does. */
export async function readFullestMemory(redis: Redis | Cluster): Promise<ServerMemory> {
  const masters = await mastersOf(redis);
  const memories = await Promise.allSettled(
    masters.flatMap(({ connection }) => (connection ? [connection.info('memory').then(memoryIn)] : [])),
  );
  const read = memories.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (read.length === 0) {
    const cause = memories.find((one) => one.status === 'rejected')?.reason;
    if (cause instanceof Failure) throw cause;
    throw new Failure('redis_unreachable', 'retry', 'Redis does not answer.', { cause, retryAfterMs: 2_000 });
  }
  return read.reduce((fullest, one) => (shareOf(one) > shareOf(fullest) ? one : fullest));
}

function shareOf({ used, max }: ServerMemory): number {
  return used / max;
}

export function memoryIn(info: string): ServerMemory {
  const max = numberIn(info, 'maxmemory') || numberIn(info, 'total_system_memory');
  return { used: numberIn(info, 'used_memory'), max: max || Number.POSITIVE_INFINITY };
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}
