import type { Queue } from 'bullmq';

/** What is in one queue. */
export interface QueueState {
  /** Jobs that a worker may take now. */
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  /** How long the next job has been waiting; null: no job is waiting. */
  readonly oldestMs: number | null;
}

/** `now`: the clock of the hosts, by which jobs have their times. */
export async function readQueueState(queue: Queue, now = Date.now()): Promise<QueueState> {
  const [counts, next] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
    readNextJob(queue, now),
  ]);
  const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts;
  return {
    waiting: waiting + prioritized,
    active,
    delayed,
    failed,
    oldestMs: next?.waitedMs ?? null,
  };
}

/** The job that a worker takes next, and how long it has been waiting. */
export async function readNextJob(
  queue: Queue,
  now = Date.now(),
): Promise<{ readonly id: string | undefined; readonly waitedMs: number } | undefined> {
  const [next] = await queue.getJobs(['waiting'], 0, 0, true);
  return next && { id: next.id, waitedMs: Math.max(0, now - waitingSince(next)) };
}

/** A job that was delayed again after a run has waited for less time than since that run. */
function waitingSince({ timestamp, processedOn, opts }: NonNullable<Awaited<ReturnType<Queue['getJob']>>>): number {
  return processedOn ?? timestamp + (opts.delay ?? 0);
}
