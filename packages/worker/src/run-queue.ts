import {
  type Events,
  errorReport,
  isDatabaseOutage,
  isKnownJob,
  type JobContract,
  type JobDisposition,
  type RedisClient,
  translateRedisError,
} from '@wxthirdparty/platform';
import {
  type BackendFactory,
  DelayedError,
  isNotConnectionError,
  type Job,
  QueueKeys,
  RedisConnection,
  RedisQueueBackend,
  WaitingError,
} from 'bullmq';
import { FrugalWorker } from './frugal-worker.ts';

/** A dead process' jobs are taken over after at most this time and two of the checks below (BullMQ's defaults: a minute). */
export const LOCK_MS = 3_000;
export const STALL_CHECK_MS = 1_500;
/**
 * How long a worker waits for a signal before it polls (BullMQ's default: 5 s). A process that freezes while it waits receives
 * one signal, which is lost for the others until their waits end. While a job is delayed, BullMQ waits for that job instead,
 * up to ten seconds.
 */
const POLL_INTERVAL_S = 1;
/** After an error of Redis (BullMQ's default: 15 s). */
const RETRY_DELAY_MS = 1_000;
/** BullMQ fails a job at its second stall by default; ours may be interrupted anywhere, any number of times. */
const MAX_STALLS = 1_000_000;

/** Until then a process of a newer version, which knows the job, may take it (rolling upgrade, rollback). */
const UNKNOWN_JOB_DELAY_MS = 30_000;
/** A job that lacks the database waits so long, with some jitter; that is none of its attempts. */
const OUTAGE_DELAY_MS = 5_000;
/** Shares of the shutdown time: then running jobs are aborted and requeued; then the worker no longer waits for them. */
const ABORT_SHARE = 0.6;
const ABANDON_SHARE = 0.85;

export type Process<Payload> = (payload: Payload, signal: AbortSignal, job: Job<Payload>) => Promise<JobDisposition>;

export interface RunOptions {
  readonly concurrency: number;
  readonly shutdownMs: number;
  /** Shared by all queues of the process. */
  readonly redis: RedisClient;
  /** Opens a connection in which a worker waits for jobs. */
  readonly connectWaiting: (name: string) => RedisClient;
  readonly processId: string;
  /** Whether the database is unreachable. */
  readonly isDatabaseOut: () => boolean;
  readonly events: Events;
}

/** Runs one queue's jobs until it is closed. */
export function runQueue<Payload>(
  contract: JobContract<Payload>,
  process: Process<Payload>,
  { concurrency, shutdownMs, redis, connectWaiting, processId, isDatabaseOut, events }: RunOptions,
): { readonly ready: Promise<void>; close(): Promise<void> } {
  const shutdown = new AbortController();
  /** Redis is another deployment's, and so are its jobs. A job may be fetched while the worker is being paused. */
  let foreign = false;
  const prefix = redis.keyspace.queuePrefix(contract.queue);
  // As BullMQ names it. Versions before this one give the worker no name, by which they are recognized (platform:
  // deployment/older-processes.ts).
  const waiting = connectWaiting(`${prefix}:${Buffer.from(contract.queue).toString('base64')}:w:${processId}`);
  const worker = new FrugalWorker<Payload, void>(
    contract.queue,
    async (job, token, signal) => {
      // Not failed: a process of a newer version, or of the deployment that owns this Redis, can process it.
      if (foreign || !isKnownJob(contract, job)) {
        events.publish('job', { queue: contract.queue, what: 'unknown', job: job.id, foreign });
        await job.moveToDelayed(Date.now() + UNKNOWN_JOB_DELAY_MS, token);
        throw new DelayedError();
      }
      const eitherSignal = signal ? AbortSignal.any([signal, shutdown.signal]) : shutdown.signal;
      const run = () => process(job.data, eitherSignal, job);
      const next =
        contract.needsDatabase && isDatabaseOut() ? untilDatabaseAnswers() : await orUntilDatabaseAnswers(run);
      if (!next) return;
      if ('delayMs' in next) {
        await job.moveToDelayed(Date.now() + Math.ceil(next.delayMs), token);
        throw new DelayedError();
      }
      await job.moveToWait(token);
      throw new WaitingError();
    },
    {
      connection: redis,
      name: processId,
      prefix,
      concurrency,
      lockDuration: LOCK_MS,
      drainDelay: POLL_INTERVAL_S,
      stalledInterval: STALL_CHECK_MS,
      maxStalledCount: MAX_STALLS,
      runRetryDelay: RETRY_DELAY_MS,
    },
    backendOn(redis, waiting, prefix),
  );
  const unsubscribe = events.subscribe('redis', ({ what }) => {
    if (what !== 'foreign' && what !== 'own') return;
    foreign = what === 'foreign';
    void (foreign ? worker.pause(true) : worker.resume());
  });
  worker.on('error', (error) => {
    events.publish('job', { queue: contract.queue, what: 'error', ...errorReport(withoutCauseOfOutage(error)) });
  });
  worker.on('stalled', (job) => {
    events.publish('job', { queue: contract.queue, what: 'stalled', job });
  });
  worker.on('failed', (job, error) => {
    const failed = { job: job?.id, attempts: job?.attemptsMade, ...errorReport(error) };
    events.publish('job', { queue: contract.queue, what: 'failed', ...failed });
  });
  return {
    ready: worker.waitUntilReady().then(() => {}),
    async close() {
      // A job that ignores its abort signal, or cannot be requeued since Redis is unavailable, is abandoned; its lock
      // expires within seconds.
      const abort = () => shutdown.abort(new Error('the process is shutting down'));
      const abortTimer = setTimeout(abort, shutdownMs * ABORT_SHARE);
      const { promise: timeout, resolve: abandon } = Promise.withResolvers<'timeout'>();
      const abandonTimer = setTimeout(() => abandon('timeout'), shutdownMs * ABANDON_SHARE);
      try {
        const closed = await Promise.race([worker.close(), timeout]);
        if (closed === 'timeout') events.publish('job', { queue: contract.queue, what: 'shutdown-timeout' });
      } finally {
        clearTimeout(abortTimer);
        clearTimeout(abandonTimer);
        unsubscribe();
        shutdown.abort();
        waiting.disconnect();
      }
    },
  };
}

function untilDatabaseAnswers(): JobDisposition {
  return { delayMs: OUTAGE_DELAY_MS * (0.8 + 0.4 * Math.random()) };
}

async function orUntilDatabaseAnswers(run: () => Promise<JobDisposition>): Promise<JobDisposition> {
  try {
    return await run();
  } catch (error) {
    if (isDatabaseOutage(error)) return untilDatabaseAnswers();
    throw error;
  }
}

/**
 * During an outage every queue has several errors (UNBLOCKED, READONLY, a closed connection). They have one code, so that the log
 * has one line.
 */
export function withoutCauseOfOutage(error: Error): Error {
  return error.name === 'ReplyError' || !isNotConnectionError(error) ? translateRedisError(error) : error;
}

/** BullMQ would give each worker two connections; only the one in which it waits must be its own. */
function backendOn(redis: RedisClient, waiting: RedisClient, prefix: string): BackendFactory<RedisQueueBackend> {
  return (name, options) => {
    const keys = new QueueKeys(prefix);
    const commands = new RedisConnection(redis, { shared: true, blocking: false });
    // The version would be asked of a random server of a Cluster, and so cost one more connection for each queue.
    const blocking = new RedisConnection(waiting, { shared: false, blocking: true, skipVersionCheck: true });
    // Without a version, BullMQ assumes one that rounds waits up to seconds.
    const capable = () => {
      blocking.capabilities = { canDoubleTimeout: true, canBlockFor1Ms: false };
    };
    void blocking.client.then(capable, () => {});
    const toKey = (type: string) => keys.toKey(name, type);
    return new RedisQueueBackend(commands, name, keys.getKeys(name), toKey, options, blocking);
  };
}
