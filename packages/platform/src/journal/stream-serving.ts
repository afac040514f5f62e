import type { Queue } from 'bullmq';
import { liveProcesses } from '../deployment/live-processes.ts';
import {
  hasOlder,
  type LiveAndConnected,
  readLive,
  unnamedAmong,
  workersAmong,
} from '../deployment/older-processes.ts';
import type { RedisClient } from '../redis/connect.ts';

/** Since this `format`, workers journal what is in the stream of pushes. */
const STREAM_FORMAT = 2;
/** Since this `format`, gateways report in their heartbeat whether they append to it. */
const REPORTING_FORMAT = 3;

/**
 * Whether pushes may go into the stream: every live process knows it, and one of them is a worker. `pushQueue`: BullMQ lists its
 * workers. Undefined: what was true before still is; only workers of format 2 cause it, since one that shuts down may be connected
 * or not.
 */
export async function isStreamServed(
  redis: RedisClient,
  pushQueue: Pick<Queue, 'getWorkers'>,
): Promise<boolean | undefined> {
  return isServedBy(await readLive(redis, pushQueue));
}

/** Whether a process of a version before the stream is live; a worker of one takes message pushes without journaling them. */
export async function isOlderLive(redis: RedisClient, pushQueue: Pick<Queue, 'getWorkers'>): Promise<boolean> {
  return hasOlder(await readLive(redis, pushQueue), STREAM_FORMAT);
}

/** Whether a process of a version before the stream remains when those that shut down now have ended. */
export async function isOlderRemaining(redis: RedisClient, pushQueue: Pick<Queue, 'getWorkers'>): Promise<boolean> {
  const { processes, unnamedWorkers } = await readLive(redis, pushQueue);
  const remaining = processes.filter(({ closing }) => !closing);
  return hasOlder({ processes: remaining, unnamedWorkers }, STREAM_FORMAT);
}

/** Whether a process other than `id` journals what is in the stream, and does not shut down. */
export async function isStreamServedBeside(redis: RedisClient, id: string): Promise<boolean> {
  const processes = await liveProcesses(redis);
  const others = processes.filter(({ id: other, closing }) => other !== id && !closing);
  return workersAmong(others).some(({ format }) => format >= STREAM_FORMAT);
}

/** Whether a live gateway appends to the stream. Undefined: one of format 2 is live, which does not report it. */
export async function isStreamAppended(redis: RedisClient): Promise<boolean | undefined> {
  const gateways = (await liveProcesses(redis)).filter(({ roles }) => roles.includes('gateway'));
  if (gateways.some(({ appendsPushes }) => appendsPushes)) return true;
  return gateways.some(({ format }) => format >= STREAM_FORMAT && format < REPORTING_FORMAT) ? undefined : false;
}

export function isServedBy(live: LiveAndConnected): boolean | undefined {
  if (hasOlder(live, STREAM_FORMAT)) return false;
  const remaining = unnamedAmong(live.processes).filter(({ closing }) => !closing);
  if (live.unnamedWorkers > remaining.length) return undefined;
  return workersAmong(live.processes).length > 0;
}
