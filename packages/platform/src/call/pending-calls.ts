import { Failure } from '@wxthirdparty/wechat';
import type { Hints } from '../redis/hints.ts';
import type { Call, CallFailure, CallRequest } from './call.ts';
import type { CallId } from './call-id.ts';
import type { CallStore } from './call-store.ts';
import type { InlineCalls } from './inline/inline-calls.ts';
import type { LocalWaiters } from './local-waiters.ts';
import { readReply } from './reply.ts';
import { slotsOfAccount } from './share-of-account.ts';
import { outcomeUnknown } from './verdict.ts';

const REREAD_INTERVAL_MS = 1_000;
/** A call without a waiting caller is read less and less often: by then only its job may have to be added again. */
const MAX_REREAD_INTERVAL_MS = 30_000;
/** So that a gateway with very many pending calls does not keep Redis busy by reading them. */
const MAX_REREADS_AT_ONCE = 5_000;
/** A call that has not settled by then may have lost its job. If it has not, the job's id prevents a second one. */
const WAKE_INTERVAL_MS = 5_000;
const MAX_EARLY_REPLIES = 10_000;

/**
 * How a call gets to a run: by a job of its own, by its lane, or in this process. `entering`: it is not known whether it has
 * entered its lane.
 */
export type CallWay = 'job' | 'lane' | 'entering' | 'inline';

/** `changed`: the record is to be read. `settled`: the outcome is known without reading. */
type News = 'changed' | 'lost' | { readonly settled: Call };
/** `unconfirmed`: the time is over, and Redis has not confirmed that the call has a record. */
type WaitEnd = News | 'timeout' | 'unconfirmed';

/** A call that this process has submitted and whose outcome it does not know yet. */
export interface Pending {
  readonly call: CallId;
  readonly request: CallRequest;
  way: CallWay;
  readonly createdAt: Date;
  readonly bodyBytes: number;
  /** Before that the record is missing without being lost. */
  recorded: boolean;
  /** It occupies one of its account's slots. */
  queued: boolean;
  /** Its caller has stopped waiting, and may read it by its id later. */
  abandoned: boolean;
  wokenAt: number;
  /** On the monotonic clock; the interval grows once the call is abandoned. */
  rereadAt: number;
  rereadIntervalMs: number;
  readonly waiters: Set<(news: News) => void>;
}

export interface PendingCallsOptions {
  /** Calls in the queue for which a caller waits here: an account has its share of so many. */
  readonly queuedSlots: number;
  readonly store: Pick<CallStore, 'state' | 'openReply'>;
  readonly waiters: LocalWaiters;
  readonly hints: Hints;
  readonly inline: Pick<InlineCalls, 'secure'>;
  readonly find: (id: string) => Promise<Call | undefined>;
  readonly addJob: (call: CallId, request: CallRequest) => Promise<void>;
  readonly enterLane: (call: CallId, path: string) => Promise<unknown>;
}

/** The calls that wait in this process for their outcome, and the callers that wait for them. */
export class PendingCalls {
  readonly #deps: PendingCallsOptions;
  readonly #pending = new Map<string, Pending>();
  /** Replies that arrived before their caller started to wait. */
  readonly #early = new Map<string, News>();
  readonly #timer: NodeJS.Timeout;
  /** By account. */
  readonly #queued = new Map<string, number>();
  #bodyBytes = 0;

  constructor(deps: PendingCallsOptions) {
    this.#deps = deps;
    const { hints, waiters } = deps;
    hints.onBytes(hints.channels.replies(waiters.replyTo), (message) => this.#receive(message));
    this.#timer = setInterval(() => void this.#rereadDue(), REREAD_INTERVAL_MS);
    this.#timer.unref();
  }

  /** What the bodies of the pending calls occupy in this process. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }

  requestOf(id: string): CallRequest | undefined {
    return this.#pending.get(id)?.request;
  }

  add(call: CallId, request: CallRequest, way: CallWay): Pending {
    const pending: Pending = {
      call,
      request,
      way,
      createdAt: new Date(),
      bodyBytes: request.body?.length ?? 0,
      recorded: false,
      queued: false,
      abandoned: false,
      wokenAt: performance.now(),
      rereadAt: 0,
      rereadIntervalMs: REREAD_INTERVAL_MS,
      waiters: new Set(),
    };
    this.#pending.set(call.id, pending);
    this.#deps.waiters.add(call.id, (settled) => this.#publish(call.id, { settled }));
    this.#bodyBytes += pending.bodyBytes;
    return pending;
  }

  /** Before the call goes through the queue. Throws Failure `account_busy`, so that one account does not hold back the others. */
  occupy(pending: Pending): void {
    const account = accountOf(pending);
    const queued = this.#queued.get(account) ?? 0;
    if (queued >= slotsOfAccount(this.#deps.queuedSlots)) {
      const message = `${queued} calls of this account wait here already. Call more slowly, or send background calls.`;
      throw new Failure('account_busy', 'slow-down', message, { retryAfterMs: 1_000 });
    }
    pending.queued = true;
    this.#queued.set(account, queued + 1);
  }

  #vacate(pending: Pending): void {
    if (!pending.queued) return;
    pending.queued = false;
    const account = accountOf(pending);
    const queued = this.#queued.get(account)! - 1;
    if (queued > 0) this.#queued.set(account, queued);
    else this.#queued.delete(account);
  }

  drop(pending: Pending): void {
    const { id } = pending.call;
    this.#vacate(pending);
    if (this.#pending.delete(id)) this.#bodyBytes -= pending.bodyBytes;
    this.#deps.waiters.remove(id);
    this.#early.delete(id);
  }

  /** The settled call; undefined if the time or `signal` ends the waiting first, or the call is not pending in this process. */
  async settled(id: string, waitMs: number, signal?: AbortSignal): Promise<Call | undefined> {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    pending.abandoned = false;
    pending.rereadAt = 0;
    pending.rereadIntervalMs = REREAD_INTERVAL_MS;
    const until = performance.now() + waitMs;
    for (;;) {
      const news = await this.#next(pending, until - performance.now(), signal);
      let call: Call | undefined;
      try {
        if (typeof news === 'object') call = news.settled;
        else if (news === 'unconfirmed') call = unconfirmed(pending);
        else call = news === 'lost' ? undefined : await this.#deps.find(id);
      } catch (error) {
        // Redis is unreachable at this moment; the next read shows what has changed.
        if (news === 'changed' && error instanceof Failure && error.code === 'redis_unreachable') continue;
        this.#abandon(pending);
        throw error;
      }
      if (call?.settledAt === null) {
        this.#abandon(pending);
        return undefined;
      }
      this.drop(pending);
      return call ?? lost(pending);
    }
  }

  /** Before the time is over, the call gets a record, so that its id can be returned. */
  async #next(pending: Pending, waitMs: number, signal: AbortSignal | undefined): Promise<WaitEnd> {
    const { id } = pending.call;
    const news = this.#takeEarly(id) ?? (await this.#news(pending, waitMs, signal));
    if (news !== 'timeout') return news;
    const isSecured = await this.#deps.inline.secure(id);
    return this.#takeEarly(id) ?? (isSecured ? 'timeout' : 'unconfirmed');
  }

  /** A reply that this process cannot use is as good as a lost one: the record is read within a second. */
  #receive(message: Buffer): void {
    const reply = readReply(message);
    const pending = reply && this.#pending.get(reply.id);
    if (!pending) return;
    const { call, request } = pending;
    let news: News = 'changed';
    try {
      if (reply.outcome && !pending.abandoned)
        news = { settled: this.#deps.store.openReply(call, request, reply.outcome) };
    } catch {
      // The record is read instead.
    }
    this.#publish(call.id, news);
  }

  #takeEarly(id: string): News | undefined {
    const early = this.#early.get(id);
    this.#early.delete(id);
    return early;
  }

  #abandon(pending: Pending): void {
    pending.abandoned = true;
    this.#vacate(pending);
  }

  /** False if no caller waits for it. */
  #publish(id: string, news: News): boolean {
    const pending = this.#pending.get(id);
    if (!pending) return false;
    if (pending.abandoned) {
      this.drop(pending);
      return false;
    }
    if (pending.waiters.size === 0) {
      if (this.#early.size < MAX_EARLY_REPLIES) this.#early.set(id, news);
      return true;
    }
    for (const waiter of pending.waiters) waiter(news);
    return true;
  }

  #news(pending: Pending, waitMs: number, signal: AbortSignal | undefined): Promise<News | 'timeout'> {
    return new Promise((resolve) => {
      const end = (news: News | 'timeout') => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        pending.waiters.delete(end);
        resolve(news);
      };
      const onAbort = () => end('timeout');
      const timer = setTimeout(() => end('timeout'), waitMs);
      signal?.addEventListener('abort', onAbort);
      pending.waiters.add(end);
      if (signal?.aborted) end('timeout');
    });
  }

  /** Announcements are only hints: pending calls are read each second, and a record that has vanished is reported. */
  async #rereadDue(): Promise<void> {
    const now = performance.now();
    const due = [...this.#pending.values()].filter(({ recorded, rereadAt }) => recorded && rereadAt <= now);
    // Calls with a waiting caller first; among equals, those that were read longest ago.
    due.sort((a, b) => Number(isAbandoned(a)) - Number(isAbandoned(b)) || a.rereadAt - b.rereadAt);
    const batch = due.slice(0, MAX_REREADS_AT_ONCE);
    for (const pending of batch) {
      if (isAbandoned(pending)) {
        pending.rereadIntervalMs = Math.min(2 * pending.rereadIntervalMs, MAX_REREAD_INTERVAL_MS);
        pending.rereadAt = now + pending.rereadIntervalMs;
      } else pending.rereadAt = now;
    }
    // An unreachable Redis says nothing about any of them; the next round reads them again.
    await Promise.all(batch.map((pending) => this.#reread(pending))).catch(() => {});
  }

  async #reread(pending: Pending): Promise<void> {
    const { call, request } = pending;
    const state = await this.#deps.store.state(call);
    if (state === undefined) this.#publish(call.id, 'lost');
    else if (state === 'settled') this.#publish(call.id, 'changed');
    else if (pending.way === 'entering') {
      await this.#deps.enterLane(call, request.path);
      pending.way = 'lane';
      if (pending.abandoned) this.drop(pending);
    } else if (pending.way === 'job' && performance.now() - pending.wokenAt > WAKE_INTERVAL_MS) {
      pending.wokenAt = performance.now();
      await this.#deps.addJob(call, request);
    }
  }
}

function accountOf({ call: { component, appid } }: Pending): string {
  return `${component}.${appid}`;
}

/** No caller in this process waits for it; only its end has to be noticed. */
function isAbandoned({ abandoned, way }: Pending): boolean {
  return abandoned && way !== 'entering';
}

function lost(pending: Pending): Call {
  return failed(pending, {
    code: 'call_lost',
    remedy: 'operator',
    message: 'Redis lost the call; whether it was sent is not known. Look it up at WeChat before you send it again.',
  });
}

function unconfirmed(pending: Pending): Call {
  return failed(pending, outcomeUnknown('WeChat has not answered in time, and Redis could not store the call'));
}

function failed({ call, request, createdAt }: Pending, failure: CallFailure): Call {
  return {
    id: call.id,
    component: call.component,
    appid: call.appid,
    method: request.method,
    path: request.path,
    requestBytes: request.body?.length ?? 0,
    background: false,
    keyId: request.keyId ?? null,
    state: 'failed',
    attempts: 0,
    createdAt,
    deadlineAt: request.deadlineAt ?? new Date(createdAt.getTime() + request.departWithinMs),
    notBeforeAt: null,
    settledAt: new Date(),
    response: null,
    answered: null,
    failure,
    quota: null,
  };
}
