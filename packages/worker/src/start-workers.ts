import {
  AuthorizeJob,
  CallJob,
  type Platform,
  ProfileJob,
  PushJob,
  ReconcileJob,
  RefreshJob,
  Scope,
} from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import { logRefresh } from './log-refresh.ts';
import { processAuthorization } from './processors/authorizations.ts';
import { processCall } from './processors/calls.ts';
import { processProfile } from './processors/profiles.ts';
import { processPush } from './processors/pushes.ts';
import { processReconciliation } from './processors/reconciliations.ts';
import { processRefresh } from './processors/refreshes.ts';
import { runQueue } from './run-queue.ts';

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
  const run = <P>(contract: Parameters<typeof runQueue<P>>[0], process: Parameters<typeof runQueue<P>>[1]) =>
    runQueue(contract, process, { ...settings, connect: work.connect, log });
  work.onRefresh(logRefresh(log));
  work.onReadiness((component, ready) =>
    log.info({ component, ready }, ready ? 'component ready' : 'component not ready'),
  );
  const queues = [
    run(RefreshJob, processRefresh(work)),
    run(AuthorizeJob, processAuthorization(work, log)),
    run(CallJob, processCall(work, log)),
    run(PushJob, processPush(work, log)),
    run(ProfileJob, processProfile(work, log)),
    run(ReconcileJob, processReconciliation(work, log)),
  ];
  // All at once: each has the whole patience.
  scope.keep('queues', queues, (all) => Promise.all(all.map((q) => q.close())), settings.shutdownMs);
  scope.keep(
    'watch',
    work.startWatch(({ component, did, failure }) => {
      if (failure === undefined) log.info({ component, did }, 'watch');
      else log.warn({ component, did, err: told(failure) }, 'watch');
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
