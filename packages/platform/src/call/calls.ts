import { randomUUID } from 'node:crypto';
import { endpointOf, Failure } from '@wxthirdparty/wechat';
import { refuseUnlessReady } from '../component/status.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { Ledger } from '../quota/ledger.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Hints } from '../redis/hints.ts';
import type { Tokens } from '../token/tokens.ts';
import { Backpressure, overloaded } from './backpressure.ts';
import type { Call, CallRequest } from './call.ts';
import type { CallAccounts } from './call-accounts.ts';
import { type CallId, newCallId, parseCallId } from './call-id.ts';
import type { CallStore } from './call-store.ts';
import { refuseAccountsApi, tokenOwnerOf } from './call-token.ts';
import { checkRequest } from './check-request.ts';
import type { Created, DepartedAtOnce, InlineDeparture } from './create-call.ts';
import { type Claim, fingerprintOf } from './idempotency.ts';
import type { InlineDispatcher, Slot } from './inline/inline-dispatch.ts';
import type { Lanes } from './lane/lanes.ts';
import { withQuota } from './with-quota.ts';

const REREAD_MS = 1_000;
/** A call whose caller has gone is read less and less often: by then only its job may have to be added again. */
const MAX_REREAD_INTERVAL_MS = 30_000;
/** So that a gateway with very many pending calls does not keep Redis busy with asking about them. */
const MAX_REREADS_AT_ONCE = 5_000;
/** A call that has not settled by then may have lost its job; where it has not, the job's id keeps it from a second. */
const WAKE_INTERVAL_MS = 5_000;
const MAX_EARLY_REPLIES = 10_000;
/** Of a batch, so that sealing does not keep others waiting. */
const CREATED_AT_ONCE = 100;

/** `look`: there is something to see. `settled`: nobody needs to look any more. */
type News = 'look' | 'lost' | { readonly settled: Call };

interface Pending {
  readonly call: CallId;
  readonly request: CallRequest;
  /**
   * Its way to a worker: a job of its own, or its lane; `entering`: nobody knows yet whether it is in there. `inline`: this
   * process sends it.
   */
  way: 'job' | 'lane' | 'entering' | 'inline';
  readonly createdAt: Date;
  readonly bodyBytes: number;
  /** Until then the record is not there, which is not the same as lost. */
  recorded: boolean;
  /** Its caller has stopped waiting and may ask by id later. */
  abandoned: boolean;
  wokenAt: number;
  /** On the monotonic clock; the interval grows once the caller has gone. */
  rereadAt: number;
  rereadIntervalMs: number;
  readonly waiters: Set<(news: News) => void>;
}

/** Enqueues the callback of a call that this process settled without a run. */
export interface CallbackRequests {
  enqueueIfRequested(call: CallId): Promise<void>;
}

export interface CallsOptions {
  readonly redis: RedisClient;
  readonly store: CallStore;
  readonly accounts: CallAccounts;
  readonly tokens: Tokens;
  readonly ledger: Ledger;
  readonly queue: OpenQueue<{ readonly id: string }>;
  readonly lanes: Pick<Lanes, 'mark' | 'wake'>;
  readonly inline: Pick<InlineDispatcher, 'tryReserve' | 'ensureJob'>;
  readonly callbacks: CallbackRequests;
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
  readonly #room: Backpressure;
  #bodyBytes = 0;

  constructor(options: CallsOptions) {
    this.#o = options;
    this.#room = new Backpressure(options.redis, options.queue.queue);
    options.hints.on(options.hints.channels.replies(this.#me), (id) => this.#tell(id, 'look'));
    this.#timer = setInterval(() => void this.#reread(), REREAD_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * Takes a call in; under a known idempotency key, answers the one that was made first. Throws Failure
   * `idempotency_conflict` where that one is another.
   */
  async submit(request: CallRequest): Promise<{ readonly id: string }> {
    const admitted = await this.#admit(request);
    if ('claim' in admitted) return this.#join(admitted.claim, request);
    await this.#room.assertCapacity([request], this.#bodyBytes);
    return request.waitMs > 0 ? this.#submitOne(admitted, request) : (await this.#append([admitted], [request]))[0]!();
  }

  /** Many calls for which nobody waits; of each, its id or why it was refused. They keep their order. */
  async submitAll(requests: readonly CallRequest[]): Promise<({ readonly id: string } | Failure)[]> {
    await this.#room.assertCapacity(requests, this.#bodyBytes);
    const results: ({ readonly id: string } | Failure)[] = [];
    for (let from = 0; from < requests.length; from += CREATED_AT_ONCE) {
      const some = requests.slice(from, from + CREATED_AT_ONCE);
      results.push(...(await this.#submitSome(some)));
    }
    return results;
  }

  async #submitSome(requests: readonly CallRequest[]): Promise<({ readonly id: string } | Failure)[]> {
    const admitted = await Promise.all(requests.map((request) => orFailure(() => this.#admit(request))));
    const fresh = admitted.flatMap((one, i) => ('id' in one ? [{ call: one, request: requests[i]! }] : []));
    const appended = await this.#append(
      fresh.map(({ call }) => call),
      fresh.map(({ request }) => request),
    );
    const made = new Map(fresh.map(({ call }, i) => [call.id, appended[i]!]));
    return Promise.all(
      admitted.map((one, i) => {
        if (one instanceof Failure) return one;
        return orFailure(async () => ('claim' in one ? this.#join(one.claim, requests[i]!) : made.get(one.id)!()));
      }),
    );
  }

  /** Whether it may be made; then its id to be, otherwise the call that was made under its key before. */
  async #admit(request: CallRequest): Promise<CallId | { readonly claim: Claim }> {
    checkRequest(request);
    const named = await this.#o.accounts.find(request.appid, request.component);
    refuseAccountsApi({ ...request, ...named });
    if (request.idempotencyKey !== undefined) {
      // Before all that changes: who asks again is to get his answer also when nothing new may leave.
      const claim = await this.#o.store.claimed(named.component, named.appid, request.idempotencyKey);
      if (claim) return { claim };
    }
    const { appid, component } = await this.#o.accounts.findActive(request.appid, request.component);
    const owner = tokenOwnerOf({ ...request, appid, component });
    // Calls whose token is still trusted go on while the component is not ready.
    if (owner && !(await this.#o.tokens.has(owner))) await refuseUnlessReady(this.#o.redis, component);
    return newCallId(component, appid);
  }

  async #submitOne(call: CallId, request: CallRequest): Promise<{ readonly id: string }> {
    // Before the record is there: its outcome may be announced while we still wait for the answer of `create`.
    const pending = this.#expect(call, request, 'job');
    const slot = this.#o.inline.tryReserve(call, request);
    let created: Created;
    try {
      created = await this.#o.store.create(call, request, this.#me, slot && this.#departing(call, request, slot));
    } catch (error) {
      slot?.release();
      this.#drop(pending);
      throw error;
    }
    pending.recorded = true;
    if (slot && typeof created === 'object' && 'departure' in created) {
      this.#send(pending, slot, created);
      return { id: call.id };
    }
    slot?.release();
    if (typeof created === 'object' && 'claim' in created) {
      this.#drop(pending);
      return this.#join(created.claim, request);
    }
    // The record is there, so the call is accepted: a wake-up that fails now is made up for by the re-reading below.
    await this.#o.queue.add({ id: call.id }).catch(() => {
      pending.wokenAt = Number.NEGATIVE_INFINITY;
    });
    return { id: call.id };
  }

  #departing({ component, appid }: CallId, { method, path }: CallRequest, { runId }: Slot): InlineDeparture {
    return { runId, quota: this.#o.ledger.scriptArgs({ component, appid, path }, endpointOf(method, path)) };
  }

  #send(pending: Pending, slot: Slot, departed: DepartedAtOnce): void {
    pending.way = 'inline';
    void slot.send(departed).then((safe) => {
      pending.way = 'job';
      if (!safe) pending.wokenAt = Number.NEGATIVE_INFINITY;
    });
  }

  /** Appends to lanes in the order given; answers for each what became of it. */
  async #append(
    calls: readonly CallId[],
    requests: readonly CallRequest[],
  ): Promise<(() => Promise<{ readonly id: string }>)[]> {
    const created = await Promise.allSettled(
      calls.map((call, i) => this.#o.store.create(call, requests[i]!, this.#me)),
    );
    const made = calls.filter((_, i) => (created[i] as { value?: unknown }).value === 'made');
    const owners = new Map(made.map((call) => [`${call.component}.${call.appid}`, call]));
    const paths = new Map(calls.map((call, i) => [call.id, requests[i]!.path]));
    // In one go, so that nothing comes between: first the marks, by which lanes are found again, then the calls.
    const [, entered] = await Promise.all([
      Promise.allSettled([...owners.values()].map((owner) => this.#o.lanes.mark(owner))),
      Promise.allSettled(made.map((call) => this.#o.store.enterLane(call, paths.get(call.id)!))),
    ]);
    const asleep = made.filter((_, i) => (entered[i] as { value?: unknown }).value === 'wake');
    const toWake = new Map(asleep.map((call) => [`${call.component}.${call.appid}`, call]));
    // Accepted they are already: a lane that is not woken now is found by its mark.
    await Promise.allSettled([...toWake.values()].map((call) => this.#o.lanes.wake(call)));

    const failures = new Map(
      made.flatMap((call, i) => {
        const one = entered[i]!;
        return one.status === 'rejected' ? [[call.id, one.reason as unknown]] : [];
      }),
    );
    return created.map((one, i) => async () => {
      const [call, request] = [calls[i]!, requests[i]!];
      // In no lane: what may have been made is never sent.
      if (one.status === 'rejected') throw one.reason;
      if (one.value === 'full')
        throw overloaded('Too many calls, or too large ones, of this account wait already.', 60_000);
      if (typeof one.value === 'object' && 'claim' in one.value) return this.#join(one.value.claim, request);
      if (failures.has(call.id)) await this.#withdraw(call, request, failures.get(call.id));
      return { id: call.id };
    });
  }

  /** Only what was cancelled for certain may be refused: it may be in its lane, and only the answer got lost. */
  async #withdraw(call: CallId, request: CallRequest, cause: unknown): Promise<void> {
    const withdrawn = await this.#o.store.withdraw(call).catch(() => undefined);
    if (withdrawn) throw cause;
    if (withdrawn === false) return;
    // Redis went away in between: the call is accepted, so it is entered again until somebody knows.
    const pending = this.#expect(call, request, 'entering');
    pending.recorded = true;
    pending.abandoned = true;
  }

  async #join(claim: Claim, request: CallRequest): Promise<{ readonly id: string }> {
    if (claim.fingerprint !== fingerprintOf(request, request.idempotencyKey!)) {
      throw new Failure(
        'idempotency_conflict',
        'fix-request',
        'This idempotency key belongs to another call; a new call needs a new key.',
      );
    }
    const call = parseCallId(claim.id)!;
    // Who made it may have been refused in the middle, and come again for that reason.
    if (claim.background) await this.#enter(call, request);
    else if ((await this.#o.store.state(call)) === 'queued') await this.#o.queue.add({ id: call.id });
    // Its outcome is announced to the gateway that made it; here, re-reading tells.
    if (request.waitMs > 0 && !this.#pending.has(claim.id)) {
      this.#expect(call, request, claim.background ? 'lane' : 'job').recorded = true;
    }
    return { id: claim.id };
  }

  /** However often: it enters once. */
  async #enter(call: CallId, request: CallRequest): Promise<void> {
    await this.#o.lanes.mark(call);
    if ((await this.#o.store.enterLane(call, request.path)) === 'wake') await this.#o.lanes.wake(call);
  }

  async settled(id: string, waitMs: number, signal?: AbortSignal): Promise<Call | undefined> {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    pending.abandoned = false;
    pending.rereadAt = 0;
    pending.rereadIntervalMs = REREAD_MS;
    const until = performance.now() + waitMs;
    for (;;) {
      const news = this.#early.delete(id) ? 'look' : await this.#news(pending, until - performance.now(), signal);
      if (news === 'late') await this.#o.inline.ensureJob(id).catch(() => {});
      let call: Call | undefined;
      try {
        if (typeof news === 'object') call = news.settled;
        else call = news === 'lost' ? undefined : await this.find(id);
      } catch (error) {
        // Redis is away at the wrong moment: the re-reading says when there is something to see.
        if (news === 'look' && error instanceof Failure && error.code === 'redis_unreachable') continue;
        pending.abandoned = true;
        throw error;
      }
      if (call?.settledAt === null) {
        pending.abandoned = true;
        return undefined;
      }
      this.#drop(pending);
      return call ?? lost(pending);
    }
  }

  async find(id: string): Promise<Call | undefined> {
    const callId = parseCallId(id);
    if (!callId) return undefined;
    const known = this.#pending.get(id)?.request;
    // In one go where the path is known beforehand, as it is of every call that was waited for here.
    const usage = known && this.#o.ledger.usage({ ...callId, path: known.path }, endpointOf(known.method, known.path));
    const [call] = await Promise.all([this.#o.store.find(callId), usage]);
    return call && withQuota(call, await (usage ?? this.#o.ledger.usage(call, endpointOf(call.method, call.path))));
  }

  /** Whether whoever waits under this name waits here. */
  isLocal(replyTo: string | undefined): boolean {
    return replyTo === this.#me;
  }

  /** The outcome of a call that somebody waits for here, by whoever has stored it in this very process. */
  resolveWaiter(call: Call): void {
    this.#tell(call.id, { settled: call });
  }

  /** True where it had not departed, and never will. */
  async cancel(id: string): Promise<boolean> {
    const callId = parseCallId(id);
    if (!callId || !(await this.#o.store.cancel(callId))) return false;
    await this.#o.callbacks.enqueueIfRequested(callId);
    return true;
  }

  #expect(call: CallId, request: CallRequest, way: Pending['way']): Pending {
    const pending: Pending = {
      call,
      request,
      way,
      createdAt: new Date(),
      bodyBytes: request.body?.length ?? 0,
      recorded: false,
      abandoned: false,
      wokenAt: performance.now(),
      rereadAt: 0,
      rereadIntervalMs: REREAD_MS,
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

  #tell(id: string, news: News): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    if (pending.abandoned) {
      this.#drop(pending);
      return;
    }
    if (pending.waiters.size === 0) {
      if (this.#early.size < MAX_EARLY_REPLIES) this.#early.add(id);
      return;
    }
    for (const waiter of pending.waiters) waiter(news);
  }

  #news(pending: Pending, waitMs: number, signal: AbortSignal | undefined): Promise<News | 'late'> {
    return new Promise((resolve) => {
      const leave = (news: News | 'late') => {
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

  /**
   * Announcements are only hints: what a caller waits for is read again each second, and a record that vanished is
   * reported.
   */
  async #reread(): Promise<void> {
    const now = performance.now();
    const due = [...this.#pending.values()].filter(({ recorded, rereadAt }) => recorded && rereadAt <= now);
    // Those first that were not read for longest, but what a caller waits for before all others.
    due.sort((a, b) => Number(isAbandoned(a)) - Number(isAbandoned(b)) || a.rereadAt - b.rereadAt);
    const some = due.slice(0, MAX_REREADS_AT_ONCE);
    for (const pending of some) {
      if (isAbandoned(pending)) {
        pending.rereadIntervalMs = Math.min(2 * pending.rereadIntervalMs, MAX_REREAD_INTERVAL_MS);
        pending.rereadAt = now + pending.rereadIntervalMs;
      } else pending.rereadAt = now;
    }
    // A Redis that is away answers nothing about any of them; the next round asks again.
    await Promise.all(some.map((pending) => this.#rereadOne(pending))).catch(() => {});
  }

  async #rereadOne(pending: Pending): Promise<void> {
    const state = await this.#o.store.state(pending.call);
    if (state === undefined) this.#tell(pending.call.id, 'lost');
    else if (state === 'settled') this.#tell(pending.call.id, 'look');
    else if (pending.way === 'entering') {
      await this.#enter(pending.call, pending.request);
      pending.way = 'lane';
      if (pending.abandoned) this.#drop(pending);
    } else if (pending.way === 'job' && performance.now() - pending.wokenAt > WAKE_INTERVAL_MS) {
      pending.wokenAt = performance.now();
      await this.#o.queue.add({ id: pending.call.id });
    }
  }
}

/** No caller of this process waits for it; only its end has to be noticed. */
function isAbandoned({ abandoned, way }: Pending): boolean {
  return abandoned && way !== 'entering';
}

async function orFailure<T>(work: () => Promise<T>): Promise<T | Failure> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function lost({ call, request, createdAt }: Pending): Call {
  return {
    id: call.id,
    component: call.component,
    appid: call.appid,
    method: request.method,
    path: request.path,
    background: false,
    state: 'failed',
    attempts: 0,
    createdAt,
    deadlineAt: request.deadlineAt ?? new Date(createdAt.getTime() + request.departWithinMs),
    notBeforeAt: null,
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
