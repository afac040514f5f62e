import { randomUUID } from 'node:crypto';
import { endpointOf, Failure } from '@wxthirdparty/wechat';
import type { Redis } from 'ioredis';
import type { Authorizers } from '../authorizer/authorizers.ts';
import type { Components } from '../component/components.ts';
import { refuseUnlessReady } from '../component/status.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { Ledger } from '../quota/ledger.ts';
import type { Hints } from '../redis/hints.ts';
import { channels } from '../redis/keys.ts';
import type { Tokens } from '../token/tokens.ts';
import type { Call, CallRequest } from './call.ts';
import { type CallId, newCallId, parseCallId } from './call-id.ts';
import type { CallStore } from './call-store.ts';
import { refuseAccountsApi, tokenOwnerOf } from './call-token.ts';
import { checkRequest } from './check-request.ts';

const REREAD_MS = 1_000;
/** A call that has not settled by then may have lost its job; where it has not, the job's id keeps it from a second. */
const WAKE_AGAIN_MS = 5_000;
const MOST_WAITING_JOBS = 50_000;
const MOST_BODY_BYTES = 256 * 1024 * 1024;
const BACKLOG_KNOWN_FOR_MS = 1_000;
const MOST_EARLY_REPLIES = 10_000;

interface Pending {
  readonly call: CallId;
  readonly request: CallRequest;
  readonly createdAt: Date;
  readonly bodyBytes: number;
  /** Until then the record is not there, which is not the same as lost. */
  recorded: boolean;
  /** Its caller has stopped waiting and may ask by id later. */
  left: boolean;
  wokenAt: number;
  readonly waiters: Set<(news: 'look' | 'lost') => void>;
}

export interface CallsOptions {
  readonly redis: Redis;
  readonly store: CallStore;
  readonly components: Components;
  readonly authorizers: Authorizers;
  readonly tokens: Tokens;
  readonly ledger: Ledger;
  readonly queue: OpenQueue<{ readonly id: string }>;
  readonly hints: Hints;
}

/** The gateway's side of calls: takes them in, and hands their outcome to whoever waits. */
export class Calls {
  readonly #o: CallsOptions;
  /** Names this process's reply channel. */
  readonly #me = randomUUID();
  readonly #pending = new Map<string, Pending>();
  /** Replies that came before their caller began to wait. */
  readonly #early = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #backlog = { waiting: 0, parked: 0, knownAt: Number.NEGATIVE_INFINITY };
  #bodyBytes = 0;

  constructor(options: CallsOptions) {
    this.#o = options;
    options.hints.on(channels.replies(this.#me), (id) => this.#tell(id, 'look'));
    this.#timer = setInterval(() => void this.#reread(), REREAD_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async submit(request: CallRequest): Promise<{ readonly id: string }> {
    checkRequest(request);
    const { appid, component } = await this.#whose(request);
    refuseAccountsApi({ ...request, appid, component });
    const owner = tokenOwnerOf({ ...request, appid, component });
    // Calls whose token is still trusted go on while the component is not ready.
    if (owner && !(await this.#o.tokens.has(owner))) await refuseUnlessReady(this.#o.redis, component);
    if (request.waitMs > 0) await this.#o.ledger.refuseIfClosed({ component, appid, path: request.path });
    await this.#refuseOverload(request);

    const call = newCallId(component, appid);
    // Before the record is there: its outcome may be announced while we still wait for the answer of `create`.
    const pending = request.waitMs > 0 ? this.#expect(call, request) : undefined;
    try {
      await this.#o.store.create(call, request, this.#me);
    } catch (error) {
      if (pending) this.#drop(pending);
      throw error;
    }
    if (pending) pending.recorded = true;
    await this.#wake(call, request, pending);
    return { id: call.id };
  }

  async settled(id: string, waitMs: number, signal?: AbortSignal): Promise<Call | undefined> {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    pending.left = false;
    const until = performance.now() + waitMs;
    for (;;) {
      const news = this.#early.delete(id) ? 'look' : await this.#news(pending, until - performance.now(), signal);
      let call: Call | undefined;
      try {
        call = news === 'lost' ? undefined : await this.find(id);
      } catch (error) {
        // Redis is away at the wrong moment: the re-reading says when there is something to see.
        if (news === 'look' && error instanceof Failure && error.code === 'redis_unreachable') continue;
        pending.left = true;
        throw error;
      }
      if (call?.settledAt === null) {
        pending.left = true;
        return undefined;
      }
      this.#drop(pending);
      return call ?? lost(pending);
    }
  }

  async find(id: string): Promise<Call | undefined> {
    const callId = parseCallId(id);
    const call = callId && (await this.#o.store.find(callId));
    if (!call) return undefined;
    const usage = await this.#o.ledger.usage(call, endpointOf(call.method, call.path));
    return {
      ...call,
      quota: {
        used: usage.used,
        limit: usage.limit ?? null,
        remaining: usage.limit === undefined ? null : Math.max(0, usage.limit - usage.used),
        closedUntil: usage.closedUntil ?? null,
      },
    };
  }

  async cancel(id: string): Promise<boolean> {
    const callId = parseCallId(id);
    return callId !== undefined && this.#o.store.cancel(callId);
  }

  async #whose({ appid, component }: CallRequest): Promise<{ readonly appid: string; readonly component: string }> {
    if (component === appid && this.#o.components.has(appid)) return { appid, component };
    return this.#o.authorizers.findActive(appid, component);
  }

  #expect(call: CallId, request: CallRequest): Pending {
    const pending: Pending = {
      call,
      request,
      createdAt: new Date(),
      bodyBytes: request.body?.length ?? 0,
      recorded: false,
      left: false,
      wokenAt: performance.now(),
      waiters: new Set(),
    };
    this.#pending.set(call.id, pending);
    this.#bodyBytes += pending.bodyBytes;
    return pending;
  }

  #drop(pending: Pending): void {
    if (this.#pending.delete(pending.call.id)) this.#bodyBytes -= pending.bodyBytes;
    this.#early.delete(pending.call.id);
  }

  /**
   * The record is there, so the call is accepted: a wake-up that fails now is made up for by the re-reading below. For a
   * background call nobody re-reads, so it must get through, or the call must not happen.
   */
  async #wake(call: CallId, request: CallRequest, pending: Pending | undefined): Promise<void> {
    try {
      await this.#o.queue.add({ id: call.id });
    } catch (error) {
      if (pending) {
        pending.wokenAt = Number.NEGATIVE_INFINITY;
        return;
      }
      // Only what was cancelled for certain may be refused: the wake-up may have got through, and its answer not.
      const cancelled = await this.#o.store.cancel(call).catch(() => undefined);
      if (cancelled) throw error;
      if (cancelled === undefined) this.#keepWaking(call, request);
    }
  }

  /** Redis went away between record and wake-up: the call is accepted, so it is woken again until it settles. */
  #keepWaking(call: CallId, request: CallRequest): void {
    const pending = this.#expect(call, request);
    pending.recorded = true;
    pending.left = true;
    pending.wokenAt = Number.NEGATIVE_INFINITY;
  }

  #tell(id: string, news: 'look' | 'lost'): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    if (pending.left) {
      this.#drop(pending);
      return;
    }
    if (pending.waiters.size === 0) {
      if (this.#early.size < MOST_EARLY_REPLIES) this.#early.add(id);
      return;
    }
    for (const waiter of pending.waiters) waiter(news);
  }

  #news(pending: Pending, waitMs: number, signal: AbortSignal | undefined): Promise<'look' | 'lost' | 'late'> {
    return new Promise((resolve) => {
      const leave = (news: 'look' | 'lost' | 'late') => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        pending.waiters.delete(leave);
        resolve(news);
      };
      const onAbort = () => leave('late');
      const timer = setTimeout(() => leave('late'), waitMs);
      signal?.addEventListener('abort', onAbort);
      pending.waiters.add(leave);
      if (signal?.aborted) leave('late');
    });
  }

  /** Announcements are only hints: what is pending is read again each second, and a record that vanished is told. */
  async #reread(): Promise<void> {
    const recorded = [...this.#pending.values()].filter((pending) => pending.recorded);
    // A Redis that is away answers nothing about any of them; the next round asks again.
    await Promise.all(recorded.map((pending) => this.#rereadOne(pending))).catch(() => {});
  }

  async #rereadOne(pending: Pending): Promise<void> {
    const state = await this.#o.store.state(pending.call);
    if (state === undefined) this.#tell(pending.call.id, 'lost');
    else if (state === 'settled') this.#tell(pending.call.id, 'look');
    else if (performance.now() - pending.wokenAt > WAKE_AGAIN_MS) {
      pending.wokenAt = performance.now();
      await this.#o.queue.add({ id: pending.call.id });
    }
  }

  async #refuseOverload(request: CallRequest): Promise<void> {
    if (performance.now() - this.#backlog.knownAt > BACKLOG_KNOWN_FOR_MS) {
      this.#backlog = { ...this.#backlog, knownAt: performance.now() };
      const { waiting = 0, delayed = 0 } = await this.#o.queue.queue.getJobCounts('waiting', 'delayed');
      Object.assign(this.#backlog, { waiting, parked: delayed });
    }
    const { waiting, parked } = this.#backlog;
    // What one account's closed quota has parked must not stop the others' callers, but it may not fill Redis either.
    const tooMany = waiting + (request.waitMs > 0 ? 0 : parked) > MOST_WAITING_JOBS;
    const tooMuch = this.#bodyBytes + (request.body?.length ?? 0) > MOST_BODY_BYTES;
    if (tooMany || tooMuch) {
      throw new Failure(
        'overloaded',
        'slow-down',
        'Too many calls are waiting; start more workers, or call more slowly.',
        {
          retryAfterMs: 5_000,
        },
      );
    }
  }
}

function lost(pending: Pending): Call {
  const { call, request } = pending;
  return {
    id: call.id,
    component: call.component,
    appid: call.appid,
    method: request.method,
    path: request.path,
    state: 'failed',
    attempts: 0,
    createdAt: pending.createdAt,
    settledAt: new Date(),
    response: null,
    failure: {
      code: 'call_lost',
      remedy: 'operator',
      message: 'Redis lost the call; whether it was sent is not known. Look it up at WeChat before you send it again.',
    },
    quota: null,
  };
}
