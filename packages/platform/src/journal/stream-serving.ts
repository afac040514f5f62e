import type { Queue } from 'bullmq';
import { type LiveProcess, liveProcesses } from '../deployment/live-processes.ts';
import type { RedisClient } from '../redis/connect.ts';

/** Since this `format`, workers journal what is in the stream of pushes. */
const STREAM_FORMAT = 2;
/** A worker's connection waits for a few seconds at most; a longer silence is that of a host that is gone. */
const MAX_IDLE_S = 15;

/**
 * Whether pushes may go into the stream: every live process knows it, and one of them is a worker. `pushQueue`: BullMQ lists its
 * workers; one that writes no heartbeat is of a version before the stream (ARCHITECTURE, "Versions side by side").
 */
export async function isStreamServed(redis: RedisClient, pushQueue: Pick<Queue, 'getWorkers'>): Promise<boolean> {
  const [processes, workers] = await Promise.all([liveProcesses(redis), pushQueue.getWorkers()]);
  const connected = workers.filter(({ idle }) => idle === undefined || Number(idle) <= MAX_IDLE_S);
  return isServedBy(processes, connected.length);
}

/** `connectedWorkers`: how many workers the queue of pushes has. */
export function isServedBy(processes: readonly LiveProcess[], connectedWorkers: number): boolean {
  const workers = processes.filter(({ roles }) => roles.includes('worker'));
  return (
    processes.every(({ format }) => format >= STREAM_FORMAT) && workers.length > 0 && connectedWorkers <= workers.length
  );
}
