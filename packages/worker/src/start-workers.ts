import { type Platform, type Queues, queues, Scope } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import { openProcessors } from './processors/processors.ts';
import { runQueue } from './run-queue.ts';

/** Its jobs mostly wait for the endpoints of the business, and each is of another subscription. */
const DELIVERY_CONCURRENCY = 200;
/** Queues that run fewer jobs at the same time than the others: their jobs can wait, and calls need the processor. */
const MAX_CONCURRENCY: Partial<Record<keyof Queues, number>> = { 'follower-syncs': 4, quotas: 2 };

/** Until this share of the shutdown time, the last worker empties the stream of pushes. */
const JOURNAL_SHARE = 0.9;

export interface WorkerSettings {
  /** Jobs of each queue that run at the same time in this process. */
  readonly concurrency: number;
  /** Calls that this process sends itself at the same time, without a queue. */
  readonly inlineConcurrency: number;
  /** Background calls of one account that are in flight at the same time, in all processes together. */
  readonly laneConcurrency: number;
  /** How long running jobs may take to finish when the process shuts down. */
  readonly shutdownMs: number;
}

/** Processes the jobs of all queues, and runs maintenance. */
export async function startWorkers(
  platform: Platform,
  settings: WorkerSettings,
  log: Logger,
): Promise<{ close(): Promise<void> }> {
  const scope = new Scope();
  let closingAt = performance.now();
  const { work, events } = platform;
  const processors = openProcessors(work, settings.concurrency);
  const run = <Q extends keyof Queues>(name: Q) =>
    runQueue<Queues[Q]>(queues[name], processors[name], {
      ...settings,
      concurrency: concurrencyOf(name, settings.concurrency),
      redis: work.redis,
      connectWaiting: work.connectWaiting,
      isDatabaseOut: work.isDatabaseOut,
      processId: work.processId,
      events,
    });
  // Closed after the queues, whose jobs append to the stream.
  const remainingMs = () => Math.max(0, settings.shutdownMs * JOURNAL_SHARE - (performance.now() - closingAt));
  scope.keep('journaler', work.startJournaler(), (j) => j.close(remainingMs()), settings.shutdownMs);
  const lanes = work.openLanes(settings.laneConcurrency);
  const running = Object.keys(queues).map((name) => run(name as keyof Queues));
  const inline = work.sendInline(settings.inlineConcurrency);
  // All at once, so that each has the whole time.
  const closeAll = () =>
    Promise.all([inline, lanes].map((one) => one.close(settings.shutdownMs)).concat(running.map((q) => q.close())));
  scope.keep('queues', running, closeAll, settings.shutdownMs);
  scope.keep('maintenance', work.startMaintenance(), (maintenance) => maintenance.close());
  await Promise.all(running.map((q) => q.ready));
  log.info('worker ready');
  return {
    async close() {
      closingAt = performance.now();
      await work.announceClosing();
      await scope.close();
    },
  };
}

function concurrencyOf(name: keyof Queues, concurrency: number): number {
  if (name === 'deliveries') return DELIVERY_CONCURRENCY;
  return Math.min(MAX_CONCURRENCY[name] ?? concurrency, concurrency);
}
