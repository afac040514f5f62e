import {
  AuthorizeJob,
  CallbackJob,
  CallJob,
  FollowerSyncJob,
  LaneJob,
  type Platform,
  ProfileJob,
  PushJob,
  QuotaAlarmJob,
  QuotaReadingJob,
  ReconcileJob,
  RefreshJob,
  Scope,
} from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import { logCall } from './log-call.ts';
import { logRefresh } from './log-refresh.ts';
import { processAuthorization } from './processors/authorizations.ts';
import { processCallback } from './processors/callbacks.ts';
import { processCall } from './processors/calls.ts';
import { processFollowerSync } from './processors/follower-syncs.ts';
import { processLane } from './processors/lanes.ts';
import { processProfile } from './processors/profiles.ts';
import { processPush } from './processors/pushes.ts';
import { processQuotaAlarm } from './processors/quota-alarms.ts';
import { processQuotaReading } from './processors/quotas.ts';
import { processReconciliation } from './processors/reconciliations.ts';
import { processRefresh } from './processors/refreshes.ts';
import { RepeatedLines } from './repeated-lines.ts';
import { runQueue } from './run-queue.ts';

/** Syncs of one process that have their turn at the same time: they can wait, and calls need the processor. */
const MAX_SYNCS = 4;
/** Questions about quotas that this process asks at the same time: nobody waits for them. */
const MAX_READINGS = 2;

export interface WorkerSettings {
  /** Jobs of each queue that run at the same time in this process. */
  readonly concurrency: number;
  /** How long running work may take to finish when the process leaves. */
  readonly shutdownMs: number;
}

/** Does the work of all queues, and keeps the watch. */
export async function startWorkers(
  platform: Platform,
  settings: WorkerSettings,
  log: Logger,
): Promise<{ close(): Promise<void> }> {
  const scope = new Scope();
  const { work } = platform;
  const repeated = new RepeatedLines(log);
  const run = <P>(
    contract: Parameters<typeof runQueue<P>>[0],
    process: Parameters<typeof runQueue<P>>[1],
    most = settings.concurrency,
  ) =>
    runQueue(contract, process, {
      ...settings,
      concurrency: Math.min(most, settings.concurrency),
      connect: work.connect,
      onOwnership: platform.onOwnership,
      log,
      repeated,
    });
  work.onRefresh(logRefresh(log));
  work.onReadiness((component, ready) =>
    log.info({ component, ready }, ready ? 'component ready' : 'component not ready'),
  );
  const queues = [
    run(RefreshJob, processRefresh(work)),
    run(AuthorizeJob, processAuthorization(work, log)),
    run(CallJob, processCall(work, log)),
    run(LaneJob, processLane(work, log)),
    run(CallbackJob, processCallback(work, settings.concurrency, log)),
    run(PushJob, processPush(work, log)),
    run(ProfileJob, processProfile(work, log)),
    run(ReconcileJob, processReconciliation(work, log)),
    run(FollowerSyncJob, processFollowerSync(work, log), MAX_SYNCS),
    run(QuotaReadingJob, processQuotaReading(work, log), MAX_READINGS),
    run(QuotaAlarmJob, processQuotaAlarm(work, log)),
  ];
  const hands = work.sendInline(settings.concurrency, (id, performed, ms) => logCall(log, id, performed, ms));
  // All at once: each has the whole patience.
  const closeAll = () => Promise.all([hands.close(settings.shutdownMs), ...queues.map((q) => q.close())]);
  scope.keep('queues', queues, closeAll, settings.shutdownMs);
  scope.keep(
    'watch',
    work.startWatch(({ component, did, failure }) => {
      if (failure === undefined) log.info({ component, did }, 'watch');
      else repeated.warn(`watch ${component}`, failure, { component, did, err: told(failure) }, 'watch');
    }),
    (watch) => watch.close(),
  );
  await Promise.all(queues.map((q) => q.ready));
  log.info('worker ready');
  return { close: () => scope.close() };
}

/** An error as the log may have it: its own words, never what it carries along. */
function told(failure: unknown): { code?: unknown; message: string } {
  if (!(failure instanceof Error)) return { message: String(failure) };
  return { ...('code' in failure ? { code: failure.code } : {}), message: failure.message };
}
