import {
  type Events,
  errorReport,
  isKnownJob,
  type JobContract,
  type JobDisposition,
  type RedisClient,
} from '@wxthirdparty/platform';
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq';

/** Takeover of a dead process's jobs takes at most this and twice the check below (BullMQ's defaults: a minute). */
export const LOCK_MS = 3_000;
export const STALL_CHECK_MS = 1_500;
/**
 * How long a worker waits for a wake-up before it looks by itself. A frozen process takes one wake-up along for as long
 * as it was waiting when it froze; by the time its jobs are taken over that has to be past (BullMQ's default: 5).
 */
const POLL_INTERVAL_S = 1;
/** BullMQ fails a job at its second stall; ours may be cut anywhere, any number of times. */
const MAX_STALLS = 1_000_000;

/** For a process that knows the job: one of a newer version, in a rolling upgrade or before a rollback is undone. */
const UNKNOWN_JOB_DELAY_MS = 30_000;

export type Process<Payload> = (payload: Payload, signal: AbortSignal, job: Job<Payload>) => Promise<JobDisposition>;

export interface RunOptions {
  readonly concurrency: number;
  readonly shutdownMs: number;
  readonly connect: (name: string) => RedisClient;
  readonly events: Events;
}

/** Runs one queue's jobs until it is closed. */
export function runQueue<Payload>(
  contract: JobContract<Payload>,
  process: Process<Payload>,
  { concurrency, shutdownMs, connect, events }: RunOptions,
): { readonly ready: Promise<void>; close(): Promise<void> } {
  const leaving = new AbortController();
  /** Redis is another deployment's, and so are its jobs. A job may be fetched while the worker is being paused. */
  let foreign = false;
  const connection = connect(`worker-${contract.queue}`);
  const worker = new Worker<Payload, void>(
    contract.queue,
    async (job, token, signal) => {
      // Not failed: a process of a newer version, or of the deployment whose Redis this is, can do it.
      if (foreign || !isKnownJob(contract, job)) {
        events.publish('job', { queue: contract.queue, what: 'unknown', job: job.id, foreign });
        await job.moveToDelayed(Date.now() + UNKNOWN_JOB_DELAY_MS, token);
        throw new DelayedError();
      }
      const either = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal;
      const next = await process(job.data, either, job);
      if (!next) return;
      if ('delayMs' in next) {
        await job.moveToDelayed(Date.now() + Math.ceil(next.delayMs), token);
        throw new DelayedError();
      }
      await job.moveToWait(token);
      throw new WaitingError();
    },
    {
      connection,
      prefix: connection.keyspace.queuePrefix(contract.queue),
      concurrency,
      lockDuration: LOCK_MS,
      drainDelay: POLL_INTERVAL_S,
      stalledInterval: STALL_CHECK_MS,
      maxStalledCount: MAX_STALLS,
    },
  );
  const unsubscribe = events.subscribe('redis', ({ what }) => {
    if (what !== 'foreign' && what !== 'own') return;
    foreign = what === 'foreign';
    void (foreign ? worker.pause(true) : worker.resume());
  });
  worker.on('error', (error) => {
    events.publish('job', { queue: contract.queue, what: 'error', ...errorReport(error) });
  });
  worker.on('failed', (job, error) => {
    const failed = { job: job?.id, attempts: job?.attemptsMade, ...errorReport(error) };
    events.publish('job', { queue: contract.queue, what: 'failed', ...failed });
  });
  return {
    ready: worker.waitUntilReady().then(() => {}),
    async close() {
      // Running work has most of the patience to finish; what still runs then is told to stop, and handed back. What
      // does not even obey, or cannot be handed back since Redis is away, is left: its locks end within seconds.
      const timer = setTimeout(() => leaving.abort(new Error('the process is leaving')), shutdownMs * 0.6);
      const { promise: tooLong, resolve: giveUp } = Promise.withResolvers<'timeout'>();
      const lastTimer = setTimeout(() => giveUp('timeout'), shutdownMs * 0.85);
      try {
        const closed = await Promise.race([worker.close(), tooLong]);
        if (closed === 'timeout') events.publish('job', { queue: contract.queue, what: 'shutdown-timeout' });
      } finally {
        clearTimeout(timer);
        clearTimeout(lastTimer);
        unsubscribe();
        leaving.abort();
        connection.disconnect();
      }
    },
  };
}
