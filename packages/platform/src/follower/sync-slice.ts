import { authorizerOwner } from '../authorizer/authorizer-token.ts';
import { isConflict, isConnectionLoss } from '../database/sql-error.ts';
import type { JobDisposition } from '../queue/job.ts';
import { fetchBucket } from './fetch-bucket.ts';
import { finishBucket } from './finish-bucket.ts';
import { listPage } from './list-page.ts';
import { Slice, type SliceDeps, type SliceEnd } from './slice.ts';

export interface SliceResult {
  readonly outcome: SliceEnd['outcome'] | 'nothing_to_do';
  readonly appid?: string;
  readonly phase?: string;
  readonly listed?: number;
  readonly detailed?: number;
  readonly code?: string;
  readonly next?: JobDisposition;
}

/** Continues a follower sync for a few seconds. It may be interrupted anywhere; nothing that was stored is requested again. */
export async function runSyncSlice(id: string, signal: AbortSignal, options: SliceDeps): Promise<SliceResult> {
  const startedAt = performance.now();
  const { next, ...result } = await run(id, signal, options);
  options.events.publish('sync', { sync: id, ...result, ms: Math.round(performance.now() - startedAt) });
  return next === undefined ? result : { ...result, next };
}

async function run(id: string, signal: AbortSignal, deps: SliceDeps): Promise<SliceResult> {
  const sync = await deps.syncs.takeRun(id);
  if (!sync) return { outcome: 'nothing_to_do' };
  const end = await stepByStep(new Slice(sync, signal, deps)).catch(waitForDatabase);
  const { appid, phase, listed, detailed } = sync;
  return { appid, phase, listed, detailed, ...end };
}

async function stepByStep(slice: Slice): Promise<SliceEnd> {
  await slice.deps.refreshAhead.markUsed(authorizerOwner(slice.sync.component, slice.sync.appid));
  for (;;) {
    const end = (await step(slice)) ?? slice.due();
    if (end) return end;
  }
}

function step(slice: Slice): Promise<SliceEnd | undefined> {
  switch (slice.sync.phase) {
    case 'listing':
      return listPage(slice);
    case 'details':
      return fetchBucket(slice);
    case 'finishing':
      return finishBucket(slice);
    default:
      return slice.sync.phase satisfies never;
  }
}

/** A lost connection or a lock of another process costs a second; the record contains everything that was written. */
function waitForDatabase(error: unknown): SliceEnd {
  if (!isConnectionLoss(error) && !isConflict(error)) throw error;
  return { outcome: 'waits', code: 'database_away', next: { delayMs: 1_000 } };
}
