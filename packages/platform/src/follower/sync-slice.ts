import { ERRCODE, Failure, readAnswer } from '@wxthirdparty/wechat';
import type { BulkStep } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import { isConflict, isConnectionLoss } from '../database/sql-error.ts';
import type { SqlValue } from '../database/statement.ts';
import type { Events } from '../events.ts';
import type { JobDisposition } from '../queue/job.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import { type AskOptions, askFollowers, type Fields, type NoAnswer, toSyncError } from './ask-followers.ts';
import type { KeyRange } from './diff-range.ts';
import { type Ask, type FetchedDetails, fetchBatch, fetchDetails } from './fetch-details.ts';
import { followerUpsert, pushDetails, pushesBefore, pushListed } from './follower-row.ts';
import type { FollowerStore } from './follower-store.ts';
import type { FollowerSyncError } from './follower-sync.ts';
import type { FollowerSyncStore, SyncRun } from './follower-sync-store.ts';
import type { Details, FollowerWriter } from './follower-writer.ts';
import { type Bucket, chooseSplits, forgetListed, keepListed, readBucket } from './listed-openids.ts';

/** A turn lasts so long; then other syncs have theirs, and a process that leaves waits for no more. */
const SLICE_MS = 4_000;
/** So many details are written together. */
const CHUNK = 1_000;
const ROWS_A_STATEMENT = 500;
/** WeChat refuses an openid to go on from that it no longer knows; then one before it will do. */
const PLACES_KEPT = 10;
/** A parked sync looks so often whether its quota was opened by hand. */
const POLL_INTERVAL_MS = 10_000;
const MAX_BACKOFF_MS = 60_000;
const GIVE_UP_AFTER_MS = 24 * 60 * 60_000;
/** A list that ends this far before WeChat's own total is broken; nobody is to be taken for gone by it. */
const LISTED_SHARE = 0.9;
const OPENID = /^[\x21-\x7e]{1,64}$/;

export interface SliceOptions extends AskOptions {
  readonly sql: Sql;
  readonly followers: FollowerStore;
  readonly syncs: FollowerSyncStore;
  readonly dueSet: RefreshAhead;
  readonly writer: FollowerWriter;
  readonly events: Events;
}

/** What a turn came to, for the log. */
export interface SliceResult {
  readonly outcome: 'goes_on' | 'waits' | 'completed' | 'failed' | 'taken_over' | 'nothing_to_do';
  readonly appid?: string;
  readonly phase?: string;
  readonly listed?: number;
  readonly detailed?: number;
  readonly code?: string;
  readonly next?: JobDisposition;
}

type Stop = Pick<SliceResult, 'outcome' | 'code' | 'next'>;

/** Takes a follower sync a few seconds further. May be cut anywhere; what was written is never asked for again. */
export async function runSyncSlice(id: string, signal: AbortSignal, options: SliceOptions): Promise<SliceResult> {
  const startedAt = performance.now();
  const { next, ...result } = await slice(id, signal, options);
  options.events.publish('sync', { sync: id, ...result, ms: Math.round(performance.now() - startedAt) });
  return next === undefined ? result : { ...result, next };
}

async function slice(id: string, signal: AbortSignal, options: SliceOptions): Promise<SliceResult> {
  const sync = await options.syncs.takeRun(id);
  if (!sync) return { outcome: 'nothing_to_do' };
  const stop = await new SyncSlice(sync, signal, options).go().catch(awayOrThrow);
  const { appid, phase, listed, detailed } = sync;
  return { appid, phase, listed, detailed, ...stop };
}

class SyncSlice {
  readonly #sync: SyncRun;
  readonly #signal: AbortSignal;
  readonly #o: SliceOptions;
  readonly #begunAt = performance.now();
  #rateFrom: { readonly at: number; readonly phase: string; readonly done: number };

  constructor(sync: SyncRun, signal: AbortSignal, options: SliceOptions) {
    this.#sync = sync;
    this.#signal = signal;
    this.#o = options;
    this.#rateFrom = { at: this.#begunAt, phase: sync.phase, done: sync.listed + sync.detailed };
  }

  async go(): Promise<Stop> {
    const { component, appid } = this.#sync;
    await this.#o.dueSet.markUsed(component, appid);
    for (;;) {
      const stop = await this.#step();
      if (stop) return stop;
      if (this.#signal.aborted) return requeued;
      if (this.#over()) return goesOn;
    }
  }

  readonly #ask: Ask = (question) => askFollowers(this.#sync, question, this.#signal, this.#o);

  #step(): Promise<Stop | undefined> {
    switch (this.#sync.phase) {
      case 'listing':
        return this.#listPage();
      case 'details':
        return this.#fetchBucket();
      case 'finishing':
        return this.#finishBucket();
      default:
        return this.#sync.phase satisfies never;
    }
  }

  async #listPage(): Promise<Stop | undefined> {
    const sync = this.#sync;
    const after = sync.nextOpenids.at(-1);
    const asked = await askFollowers(
      sync,
      {
        doing: 'listing followers',
        method: 'GET',
        path: '/cgi-bin/user/get',
        ...(after === undefined ? {} : { query: { next_openid: after } }),
      },
      this.#signal,
      this.#o,
    );
    if (asked.kind === 'refused' && asked.failure.errcode === ERRCODE.openidInvalid && sync.nextOpenids.length > 1) {
      sync.nextOpenids.pop();
      return this.#save([]);
    }
    if (asked.kind !== 'answered') return this.#noAnswer(asked);
    const page = readPage(asked.value);
    if (!page) return this.#noAnswer(brokenPage);
    const { openids, next, total } = page;
    const steps: BulkStep[] = [];
    sync.total = total ?? sync.total;
    sync.listingFrom ??= asked.askedAt;
    if (openids.length > 0) {
      if (sync.pages === 0) {
        sync.splits = chooseSplits(openids, sync.total ?? 0);
        // Of an earlier beginning nothing may stay.
        steps.push(forgetListed(sync.id));
      }
      steps.push(...keepListed(sync.id, sync.pages, sync.splits, openids, asked.askedAt));
      sync.pages++;
      sync.listed += openids.length;
      sync.nextOpenids = openids.slice(-PLACES_KEPT);
      if (next !== undefined && next !== sync.nextOpenids.at(-1)) sync.nextOpenids.push(next);
    }
    // The last page that holds anybody usually still names a next one; the page after it is empty (protocol §4.1).
    if (openids.length === 0 || next === undefined || next === after) {
      if (sync.listed < (sync.total ?? 0) * LISTED_SHARE) return this.#fail(listIncomplete(sync));
      sync.phase = sync.details ? 'details' : 'finishing';
    }
    return this.#save(steps);
  }

  /** The next chunk is fetched while the last one is being written. */
  async #fetchBucket(): Promise<Stop | undefined> {
    const sync = this.#sync;
    const { bucket } = sync;
    const { openids } = await readBucket(this.#o.sql, sync.id, bucket);
    let at = firstAfter(openids, sync.afterOpenid);
    let after = sync.afterOpenid || this.#beginOf(bucket);
    let writing: Promise<Stop | undefined> = Promise.resolve(undefined);
    // A bucket of nobody has its stretch of the table, too.
    do {
      const chunk = openids.slice(at, at + CHUNK);
      const fetched = await fetchDetails(sync, chunk, this.#ask);
      const stop = await writing;
      if (stop) return stop;
      if (fetched.kind !== 'fetched') return this.#noAnswer(fetched);
      at += CHUNK;
      const last = at >= openids.length;
      const upTo = last ? sync.splits[bucket] : chunk.at(-1)!;
      sync.detailed += chunk.length;
      sync.verified += chunk.length;
      if (last) this.#nextBucket();
      else sync.afterOpenid = chunk.at(-1)!;
      writing = this.#saveDetails(bucket, fetched, { after, upTo, listedAt: sync.listingFrom ?? 0 });
      // It is awaited after the next fetch; a failure before that is no end of the process.
      writing.catch(() => {});
      after = upTo ?? '';
    } while (at < openids.length && !this.#over() && !this.#signal.aborted);
    return await writing;
  }

  /** Who was listed is there; who was not, and of whom no push has told since, has gone. */
  async #finishBucket(): Promise<Stop | undefined> {
    const sync = this.#sync;
    const walk = this.#toWalk(sync.bucket);
    if (walk === undefined) return this.#complete();
    sync.bucket = walk;
    const bucket = await readBucket(this.#o.sql, sync.id, sync.bucket);
    const { missing, gone } = await this.#compare(bucket);
    const steps: BulkStep[] = [];
    if (missing.length > 0) {
      const values: SqlValue[] = [];
      for (const openid of missing) pushListed(values, sync, openid);
      steps.push(followerUpsert(values, bucket.askedAt));
    }
    for (let at = 0; at < gone.length; at += ROWS_A_STATEMENT) {
      steps.push(this.#markGone(gone.slice(at, at + ROWS_A_STATEMENT)));
    }
    const next = this.#toWalk(walk + 1);
    sync.bucket = next ?? walk;
    const stop = await this.#save(steps);
    return stop || next !== undefined ? stop : this.#complete();
  }

  /** The bucket from this one on that finishing must walk: all, unless the details have looked through the table. */
  #toWalk(from: number): number | undefined {
    const { details, detailed, verified, bucketsWithUnlisted, splits } = this.#sync;
    if (!details || verified !== detailed) return from <= splits.length ? from : undefined;
    return bucketsWithUnlisted.filter((bucket) => bucket >= from).sort((a, b) => a - b)[0];
  }

  async #complete(): Promise<Stop> {
    return (await this.#o.syncs.finish(this.#sync)) === 'done' ? { outcome: 'completed' } : takenOver;
  }

  /** Both are in the order of the table, so one walk along both is enough. */
  async #compare({ openids }: Bucket): Promise<{ missing: string[]; gone: string[] }> {
    const sync = this.#sync;
    const missing: string[] = [];
    const gone: string[] = [];
    const before = pushesBefore(sync.listingFrom ?? 0);
    const from = this.#beginOf(sync.bucket);
    let at = 0;
    for await (const rows of this.#o.followers.statuses(sync, from, sync.splits[sync.bucket])) {
      for (const { openid, subscribed, status_at } of rows) {
        while (at < openids.length && openids[at]! < openid) missing.push(openids[at++]!);
        const follows = Number(subscribed) === 1;
        if (openids[at] !== openid) {
          if (follows && Number(status_at) < before) gone.push(openid);
          continue;
        }
        at++;
        // With details, a later answer than the list's has told who left meanwhile.
        if (!follows && !sync.details) missing.push(openid);
      }
    }
    while (at < openids.length) missing.push(openids[at++]!);
    return { missing, gone };
  }

  #markGone(openids: readonly string[]): BulkStep {
    const { component, appid, listingFrom } = this.#sync;
    return {
      text: `update followers set subscribed = 0, unsubscribed_at = ? where component = ? and appid = ? and subscribed = 1 and status_at < ? and openid in (${openids.map(() => '?').join(', ')})`,
      parameters: [Date.now(), component, appid, pushesBefore(listingFrom ?? 0), ...openids],
    };
  }

  #beginOf(bucket: number): string {
    return bucket === 0 ? '' : this.#sync.splits[bucket - 1]!;
  }

  #nextBucket(): void {
    const sync = this.#sync;
    sync.afterOpenid = '';
    if (sync.bucket < sync.splits.length) sync.bucket++;
    else {
      sync.bucket = 0;
      sync.phase = 'finishing';
    }
  }

  /** What is odd about an answer is rare, and read here, where it may be forgiven. */
  async #saveDetails(bucket: number, fetched: FetchedDetails, stretch: KeyRange): Promise<Stop | undefined> {
    const sync = this.#sync;
    // A batch of strangers only was answered at no time in particular.
    const askedAt = Number.isFinite(fetched.askedAt) ? fetched.askedAt : (sync.listingFrom ?? 0);
    sync.withoutDetails += fetched.withoutDetails;
    const checkpoint = () => this.#o.syncs.checkpointOf(sync, this.#rate());
    const ifUnlisted = this.#o.syncs.noteUnlisted(sync, bucket);
    const { values, answers } = fetched;
    const details: Details = { account: sync, stretch, values, answers, askedAt, ifUnlisted };
    let written = await this.#o.writer.writeDetails(checkpoint(), details);
    if (written.result === 'unreadable') {
      const all = [...values];
      for (const { openids: lines, body, askedAt } of answers) {
        const openids = lines.split('\n');
        const answer = readAnswer({ status: 200, headers: {}, body: Buffer.from(body) });
        const list = answer.kind === 'json' ? (answer.value as Fields).user_info_list : undefined;
        if (Array.isArray(list)) {
          pushDetails(all, sync, openids, list, askedAt);
          continue;
        }
        const again = await fetchBatch(sync, openids, this.#ask);
        if (again.kind !== 'fetched') return this.#noAnswer(again);
        all.push(...again.values);
        sync.withoutDetails += again.withoutDetails;
      }
      written = await this.#o.writer.writeDetails(checkpoint(), { ...details, values: all, answers: [] });
    }
    if (written.unlisted && !sync.bucketsWithUnlisted.includes(bucket)) sync.bucketsWithUnlisted.push(bucket);
    return written.result === 'done' ? undefined : takenOver;
  }

  async #save(steps: readonly BulkStep[]): Promise<Stop | undefined> {
    return (await this.#o.syncs.checkpoint(this.#sync, steps, this.#rate())) === 'done' ? undefined : takenOver;
  }

  async #noAnswer(answer: NoAnswer): Promise<Stop> {
    const sync = this.#sync;
    if (answer.kind === 'leaving') return requeued;
    if (answer.kind === 'refused') return this.#fail(toSyncError(answer.failure));
    const {
      error,
      transientError,
      afterMs: postponedMs,
    } = answer.kind === 'unreadable' ? { ...answer, transientError: true, afterMs: undefined } : answer;
    if (sync.failingSince !== null && Date.now() - sync.failingSince > GIVE_UP_AFTER_MS) return this.#fail(error);
    const backoffMs = Math.min(1_000 * 2 ** Math.min(sync.consecutiveErrors, 10), MAX_BACKOFF_MS);
    const afterMs = Math.max(postponedMs ?? backoffMs, 1);
    const saved = await this.#o.syncs.wait(sync, new Date(Date.now() + afterMs), error, transientError);
    if (saved === 'undone') return takenOver;
    return { outcome: 'waits', code: error.code, next: { delayMs: Math.min(afterMs, POLL_INTERVAL_MS) } };
  }

  async #fail(error: FollowerSyncError): Promise<Stop> {
    const saved = await this.#o.syncs.finish(this.#sync, error);
    return saved === 'done' ? { outcome: 'failed', code: error.code } : takenOver;
  }

  #over(): boolean {
    return performance.now() - this.#begunAt > SLICE_MS;
  }

  /** Followers a second, in this turn and phase; undefined while there is too little to tell. */
  #rate(): number | undefined {
    const { phase, listed, detailed } = this.#sync;
    const now = performance.now();
    if (phase !== this.#rateFrom.phase) this.#rateFrom = { at: now, phase, done: listed + detailed };
    const seconds = (now - this.#rateFrom.at) / 1_000;
    return seconds < 0.2 ? undefined : Math.round((listed + detailed - this.#rateFrom.done) / seconds);
  }
}

const brokenPage: NoAnswer = {
  kind: 'unreadable',
  error: {
    code: 'wechat_broken_answer',
    remedy: 'retry',
    message: "WeChat's answer with a page of followers is broken.",
  },
};

/** A database that went away in the middle, or that another process has locked, is asked again; what it has written stands in the record. */
function awayOrThrow(error: unknown): Stop {
  if (isConnectionLoss(error) || isConflict(error))
    return { outcome: 'waits', code: 'database_away', next: { delayMs: 1_000 } };
  throw error;
}

// Behind the others, not ahead of them.
const goesOn: Stop = { outcome: 'goes_on', next: { delayMs: 1 } };
const requeued: Stop = { outcome: 'goes_on', next: { requeue: true } };
const takenOver: Stop = { outcome: 'taken_over' };

/**
 * Undefined where the page names no follower, and does not say that it is empty (protocol §4.1: `count` 0, no `data`): the end
 * of the list is the one answer by which followers count as unsubscribed.
 */
function readPage(
  value: Fields,
): { openids: string[]; next: string | undefined; total: number | undefined } | undefined {
  const data = value.data as { openid?: unknown } | null | undefined;
  const { next_openid: next } = value;
  const [total, count] = [wholeNumber(value.total), wholeNumber(value.count)];
  if (!Array.isArray(data?.openid) && (count ?? total) !== 0) return undefined;
  const openids = Array.isArray(data?.openid) ? (data.openid as unknown[]) : [];
  return {
    openids: openids.filter((openid): openid is string => typeof openid === 'string' && OPENID.test(openid)),
    next: typeof next === 'string' && OPENID.test(next) ? next : undefined,
    total,
  };
}

/** A number comes as a string at times (protocol §9). */
function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function firstAfter(sorted: readonly string[], openid: string): number {
  if (openid === '') return 0;
  const at = sorted.findIndex((one) => one > openid);
  return at === -1 ? sorted.length : at;
}

function listIncomplete({ listed, total }: SyncRun): FollowerSyncError {
  return toSyncError(
    new Failure(
      'list_incomplete',
      'retry',
      `WeChat's list ended after ${listed} of ${total} followers; nobody was taken for gone. Start the sync again.`,
    ),
  );
}
