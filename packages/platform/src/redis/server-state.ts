import type { RedisClient } from './connect.ts';

/** What Redis reports about itself. */
export interface ServerState {
  /** The share of its limit or, without one, of the machine's memory. */
  readonly usedMemoryShare: number;
  readonly replicas: number;
}

/** In bytes: what Redis uses, and its limit or, without one, the machine's memory. */
export function memoryIn(info: string): { readonly used: number; readonly max: number } {
  const max = numberIn(info, 'maxmemory') || numberIn(info, 'total_system_memory');
  return { used: numberIn(info, 'used_memory'), max: max || Number.POSITIVE_INFINITY };
}

export async function readServerState(redis: RedisClient): Promise<ServerState> {
  const [memory, replication] = await Promise.all([redis.info('memory'), redis.info('replication')]);
  const { used, max } = memoryIn(memory);
  return { usedMemoryShare: used / max, replicas: numberIn(replication, 'connected_slaves') };
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}
