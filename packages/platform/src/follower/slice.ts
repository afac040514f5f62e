import type { BulkStep } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import type { JobDisposition } from '../queue/job.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import { type AskOptions, askFollowers, type NoAnswer, toSyncError } from './ask-followers.ts';
import type { Ask } from './fetch-details.ts';
import type { FollowerStore } from './follower-store.ts';
import type { FollowerSyncError } from './follower-sync.ts';
import type { FollowerSyncStore, SyncRun } from './follower-sync-store.ts';
import type { FollowerWriter } from './follower-writer.ts';

/** Short, so that many syncs share a process, and a process that shuts down waits for none. */
const SLICE_MS = 4_000;
/** A postponed sync is tried this often, since an operator may have opened its quota meanwhile. */
const POLL_INTERVAL_MS = 10_000;
const MAX_BACKOFF_MS = 60_000;
const GIVE_UP_AFTER_MS = 24 * 60 * 60_000;
const MIN_RATE_SECONDS = 0.2;

export interface SliceDeps extends AskOptions {
  readonly sql: Sql;
  readonly followers: FollowerStore;
  readonly syncs: FollowerSyncStore;
  readonly refreshAhead: RefreshAhead;
  readonly writer: FollowerWriter;
}

/** How a slice ended. */
export interface SliceEnd {
  readonly outcome: 'goes_on' | 'waits' | 'completed' | 'failed' | 'taken_over';
  readonly code?: string;
  readonly next?: JobDisposition;
}

/** The sync's job goes to the tail of the queue. */
const goesOn: SliceEnd = { outcome: 'goes_on', next: { delayMs: 1 } };
/** The process is shutting down. */
const requeued: SliceEnd = { outcome: 'goes_on', next: { requeue: true } };
/** Another run has the sync, or it was paused or cancelled; this one writes no more. */
export const takenOver: SliceEnd = { outcome: 'taken_over' };

/** One slice: the sync's record, the remaining time, and the ways to end. If a method returns undefined, the slice continues. */
export class Slice {
  readonly sync: SyncRun;
  readonly deps: SliceDeps;
  readonly signal: AbortSignal;
  readonly #startedAt = performance.now();
  #rateFrom: { readonly at: number; readonly phase: string; readonly done: number };

  constructor(sync: SyncRun, signal: AbortSignal, deps: SliceDeps) {
    this.sync = sync;
    this.deps = deps;
    this.signal = signal;
    this.#rateFrom = { at: this.#startedAt, phase: sync.phase, done: sync.listed + sync.detailed };
  }

  readonly ask: Ask = (question) => askFollowers(this.sync, question, this.signal, this.deps);

  /** Defined when no further step may start. */
  due(): SliceEnd | undefined {
    if (this.signal.aborted) return requeued;
    return performance.now() - this.#startedAt > SLICE_MS ? goesOn : undefined;
  }

  async save(steps: readonly BulkStep[]): Promise<SliceEnd | undefined> {
    const saved = await this.deps.syncs.checkpoint(this.sync, steps, this.#rate());
    return saved === 'done' ? undefined : takenOver;
  }

  checkpoint(): BulkStep {
    return this.deps.syncs.checkpointOf(this.sync, this.#rate());
  }

  async complete(): Promise<SliceEnd> {
    return (await this.deps.syncs.finish(this.sync)) === 'done' ? { outcome: 'completed' } : takenOver;
  }

  async fail(error: FollowerSyncError): Promise<SliceEnd> {
    const saved = await this.deps.syncs.finish(this.sync, error);
    return saved === 'done' ? { outcome: 'failed', code: error.code } : takenOver;
  }

  async endWithout(answer: NoAnswer): Promise<SliceEnd> {
    switch (answer.kind) {
      case 'aborted':
        return requeued;
      case 'refused':
        return this.fail(toSyncError(answer.failure));
      case 'unreadable':
        return this.#wait(answer.error, true);
      case 'postponed':
        return this.#wait(answer.error, answer.transientError, answer.afterMs);
      default:
        return answer satisfies never;
    }
  }

  async #wait(error: FollowerSyncError, transientError: boolean, postponedMs?: number): Promise<SliceEnd> {
    const { failingSince, consecutiveErrors } = this.sync;
    if (failingSince !== null && Date.now() - failingSince > GIVE_UP_AFTER_MS) return this.fail(error);
    const backoffMs = Math.min(1_000 * 2 ** Math.min(consecutiveErrors, 10), MAX_BACKOFF_MS);
    const afterMs = Math.max(postponedMs ?? backoffMs, 1);
    const saved = await this.deps.syncs.wait(this.sync, new Date(Date.now() + afterMs), error, transientError);
    if (saved === 'undone') return takenOver;
    return { outcome: 'waits', code: error.code, next: { delayMs: Math.min(afterMs, POLL_INTERVAL_MS) } };
  }

  /** Followers per second in this slice and phase; undefined until it can be measured. */
  #rate(): number | undefined {
    const { phase, listed, detailed } = this.sync;
    const now = performance.now();
    if (phase !== this.#rateFrom.phase) this.#rateFrom = { at: now, phase, done: listed + detailed };
    const seconds = (now - this.#rateFrom.at) / 1_000;
    return seconds < MIN_RATE_SECONDS ? undefined : Math.round((listed + detailed - this.#rateFrom.done) / seconds);
  }
}
