import type { Queue } from 'bullmq';
import type { RedisClient } from '../redis/connect.ts';
import { type LiveProcess, liveProcesses } from './live-processes.ts';

/** A worker's connection waits for a few seconds at most; a longer silence is that of a host that is gone. */
const MAX_IDLE_S = 15;

/** Since this `format`, workers give their connections a name (worker: run-queue.ts). */
const NAMED_FORMAT = 3;
/** BullMQ writes it between the name of the queue and that of the worker. */
const NAME_MARK = ':w:';

export interface LiveAndConnected {
  readonly processes: readonly LiveProcess[];
  /** The connections of one queue's workers that have no name, so that they are of a version before names. */
  readonly unnamedWorkers: number;
}

export async function readLive(redis: RedisClient, queue: Pick<Queue, 'getWorkers'>): Promise<LiveAndConnected> {
  const [processes, workers] = await Promise.all([liveProcesses(redis), queue.getWorkers()]);
  const unnamed = workers.filter(({ idle, rawname }) => {
    return !rawname?.includes(NAME_MARK) && (idle === undefined || Number(idle) <= MAX_IDLE_S);
  });
  return { processes, unnamedWorkers: unnamed.length };
}

/**
 * Whether one of them is of a version before this `format` (ARCHITECTURE, "Versions side by side"). A worker that is connected
 * but has no heartbeat is of a version before heartbeats.
 */
export function hasOlder({ processes, unnamedWorkers }: LiveAndConnected, format: number): boolean {
  return processes.some((process) => process.format < format) || unnamedWorkers > unnamedAmong(processes).length;
}

export function workersAmong(processes: readonly LiveProcess[]): LiveProcess[] {
  return processes.filter(({ roles }) => roles.includes('worker'));
}

/** The workers whose connections have no name. */
export function unnamedAmong(processes: readonly LiveProcess[]): LiveProcess[] {
  return workersAmong(processes).filter(({ format }) => format < NAMED_FORMAT);
}
