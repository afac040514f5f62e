import type { Queue } from 'bullmq';
import { type LiveProcess, liveProcesses } from '../deployment/live-processes.ts';
import { FORMAT } from '../deployment/presence.ts';
import type { RedisClient } from '../redis/connect.ts';

/** Since this `format`, workers journal what is in the stream of pushes. */
const STREAM_FORMAT = 2;
/** A worker's connection waits for a few seconds at most; a longer silence is that of a host that is gone. */
const MAX_IDLE_S = 15;

/**
 * Whether pushes may go into the stream: every live process knows it, and one of them is a worker. `pushQueue`: BullMQ lists its
 * workers; one that writes no heartbeat is of a version before the stream (ARCHITECTURE, "Versions side by side"). Undefined: what
 * was true before still is, since a worker that shuts down may be connected or not.
 */
export async function isStreamServed(
  redis: RedisClient,
  pushQueue: Pick<Queue, 'getWorkers'>,
): Promise<boolean | undefined> {
  const { processes, connectedWorkers } = await readLive(redis, pushQueue);
  return isServedBy(processes, connectedWorkers);
}

/** Whether a process of an older version than this one is live; a worker of one takes message pushes without journaling them. */
export async function isOlderLive(redis: RedisClient, pushQueue: Pick<Queue, 'getWorkers'>): Promise<boolean> {
  const { processes, connectedWorkers } = await readLive(redis, pushQueue);
  return processes.some(({ format }) => format < FORMAT) || connectedWorkers > workersAmong(processes).length;
}

/** Whether a process of an older version remains when those that shut down now have ended. */
export async function isOlderRemaining(redis: RedisClient, pushQueue: Pick<Queue, 'getWorkers'>): Promise<boolean> {
  const { processes, connectedWorkers } = await readLive(redis, pushQueue);
  const remaining = processes.filter(({ closing }) => !closing);
  return remaining.some(({ format }) => format < FORMAT) || connectedWorkers > workersAmong(remaining).length;
}

interface Live {
  readonly processes: readonly LiveProcess[];
  /** Of the queue of pushes. */
  readonly connectedWorkers: number;
}

async function readLive(redis: RedisClient, pushQueue: Pick<Queue, 'getWorkers'>): Promise<Live> {
  const [processes, workers] = await Promise.all([liveProcesses(redis), pushQueue.getWorkers()]);
  const connected = workers.filter(({ idle }) => idle === undefined || Number(idle) <= MAX_IDLE_S);
  return { processes, connectedWorkers: connected.length };
}

/** Whether a process other than `id` journals what is in the stream, and does not shut down. */
export async function isStreamServedBeside(redis: RedisClient, id: string): Promise<boolean> {
  const processes = await liveProcesses(redis);
  const others = processes.filter(({ id: other, closing }) => other !== id && !closing);
  return workersAmong(others).some(({ format }) => format >= STREAM_FORMAT);
}

/** `connectedWorkers`: how many workers the queue of pushes has. */
export function isServedBy(processes: readonly LiveProcess[], connectedWorkers: number): boolean | undefined {
  const workers = workersAmong(processes);
  if (processes.some(({ format }) => format < STREAM_FORMAT) || connectedWorkers > workers.length) return false;
  const remaining = workers.filter(({ closing }) => !closing);
  if (connectedWorkers > remaining.length) return undefined;
  return workers.length > 0;
}

function workersAmong(processes: readonly LiveProcess[]): LiveProcess[] {
  return processes.filter(({ roles }) => roles.includes('worker'));
}
