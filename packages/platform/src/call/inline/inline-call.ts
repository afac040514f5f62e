import { setTimeout as pause } from 'node:timers/promises';
import { type Endpoint, endpointOf } from '@wxthirdparty/wechat';
import type { Ledger } from '../../quota/ledger.ts';
import { type Usage, usageOf } from '../../quota/usage.ts';
import type { RedisClient } from '../../redis/connect.ts';
import type { CallFailure, CallRequest } from '../call.ts';
import type { CallId } from '../call-id.ts';
import type { FoundCall, Outcome, StoredCall } from '../call-record.ts';
import type { CallStore } from '../call-store.ts';
import { keyOfUserToken } from '../create-call.ts';
import type { Departure, DepartureQuota, ReleaseReason, Retried } from '../depart.ts';
import { hasFailed } from '../has-failed.ts';
import type { Holds } from '../holds.ts';
import type { LocalWaiters } from '../local-waiters.ts';
import { type AttemptResult, EventsInMemory, endedText, type ParkReason } from '../recorded-events.ts';
import { CallerGone, type RunStore } from '../run.ts';
import type { Settlement } from '../settle.ts';
import { withQuota } from '../with-quota.ts';
import type { OutcomeRecorder } from './outcome-recorder.ts';
import { type Permission, takePermission } from './permit.ts';

const CONFIRM_RETRY_MS = 250;

export interface InlineCallDeps {
  /** Fails fast: a call without permission is refused. */
  readonly redis: RedisClient;
  readonly store: CallStore;
  readonly holds: Pick<Holds, 'keep'>;
  readonly ledger: Pick<Ledger, 'usage'>;
  readonly waiters: LocalWaiters;
  readonly recorder: Pick<OutcomeRecorder, 'record'>;
  /** For how long a record that Redis does not confirm is tried again, before its caller receives no id. */
  readonly confirmTimeoutMs: number;
  readonly addJob: (id: string, delayMs: number) => Promise<void>;
}

/** `permitted`: its quota is taken, and it may depart at any moment. `answered`: its outcome is known. */
type Stage = 'reserved' | 'permitted' | 'departed' | 'answered';

/**
 * One call that this process sends, as its run sees the record of a call: in memory, until it gets a record in Redis. From the
 * first attempt to write that record, which may succeed although it is not confirmed, every further step is taken in the
 * record.
 */
export class InlineCall implements RunStore {
  readonly call: CallId;
  readonly request: CallRequest;
  readonly runId: string;
  readonly #deps: InlineCallDeps;
  readonly #disconnected: AbortSignal | undefined;
  readonly #markRecorded: () => void;
  readonly #endpoint: Endpoint;
  readonly #reservedAt = performance.now();
  readonly #answered = Promise.withResolvers<void>();
  readonly #events = new EventsInMemory();
  #stage: Stage = 'reserved';
  #attempts = 0;
  #refusals = 0;
  #faults = 0;
  /** On Redis' clock (ms), as the next two. */
  #createdAt = 0;
  #createdMicros = 0;
  #departedAt = 0;
  #delayMs = 0;
  #usage: Usage | undefined;
  /** An attempt to write the record has begun. */
  #leavesMemory = false;
  #putting: Promise<void> | undefined;
  #hasRecord = false;
  #hasJob = false;
  #hasCaller = false;
  #isKept = false;
  #endHold = () => {};

  constructor(
    call: CallId,
    request: CallRequest,
    runId: string,
    caller: { readonly disconnected?: AbortSignal | undefined; readonly markRecorded: () => void },
    deps: InlineCallDeps,
  ) {
    this.call = call;
    this.request = request;
    this.runId = runId;
    this.#disconnected = caller.disconnected;
    this.#markRecorded = caller.markRecorded;
    this.#deps = deps;
    this.#endpoint = endpointOf(request.method, request.path);
  }

  /** A caller in this process has received the outcome. */
  get hasCaller(): boolean {
    return this.#hasCaller;
  }

  /** It has a record, or receives one. */
  get isRecorded(): boolean {
    return this.#leavesMemory || this.#isKept;
  }

  /** Departures so far. */
  get attempts(): number {
    return this.#attempts;
  }

  get ageMs(): number {
    return performance.now() - this.#reservedAt;
  }

  /** As a run reads it. To be called after the first `depart`. */
  get stored(): StoredCall {
    const { method, path, query, contentType, body } = this.request;
    return {
      now: this.#createdAt,
      settled: false,
      background: false,
      hasCallback: false,
      replyTo: this.#deps.waiters.replyTo,
      deadlineAt: this.#deadlineAt,
      attempts: this.#attempts,
      refusals: 0,
      heldMs: 0,
      ...{ method, path, query, contentType, body },
      waitedMs: this.ageMs,
      keyFingerprint: keyOfUserToken(this.request),
      keyId: this.request.keyId,
    };
  }

  /** Right before the first byte. The caller of a call with a record may have its id. */
  departing(): void {
    if (this.#disconnected?.aborted && !this.#leavesMemory) throw new CallerGone();
    if (this.#stage === 'permitted') this.#stage = 'departed';
  }

  async depart(
    call: CallId,
    runId: string,
    safeToRepeat: boolean,
    quota: DepartureQuota,
    tokenMs = 0,
  ): Promise<Departure> {
    if (!this.#leavesMemory) {
      const permission = await takePermission(this.#deps.redis, call, quota, this.#deadlineAt);
      if (this.#createdAt === 0) {
        this.#createdAt = permission.now;
        this.#createdMicros = permission.now * 1_000 + permission.micros;
      }
      // It may have been promoted meanwhile; then its record decides.
      if (!this.#leavesMemory) return this.#permitted(permission, tokenMs);
    }
    await this.#ensureRecord();
    const departure = await this.#deps.store.depart(call, runId, safeToRepeat, quota, tokenMs);
    if (departure.go === 'yes') {
      this.#attempts = departure.attempts;
      this.#hold();
    }
    return departure;
  }

  #permitted(permission: Permission, tokenMs: number): Departure {
    if (permission.go !== 'yes') return permission;
    this.#stage = 'permitted';
    this.#attempts++;
    this.#departedAt = permission.now;
    this.#usage = usageOf(permission.quota, permission.now, this.#endpoint);
    this.#events.sent(this.ageMs, { attempt: this.#attempts, tokenMs, ...this.#usage });
    const { now, probe, news } = permission;
    return { go: 'yes', departedAt: now, probe, attempts: this.#attempts, news };
  }

  async release(call: CallId, runId: string, because: ReleaseReason, retried?: Retried): Promise<boolean> {
    if (this.#leavesMemory) {
      await this.#ensureRecord();
      return this.#deps.store.release(call, runId, because, retried);
    }
    this.#stage = 'reserved';
    if (retried) this.#events.add(this.ageMs, endedText(retried.result, retried.retry));
    if (because === 'token-refused') this.#refusals++;
    return true;
  }

  async delay(call: CallId, forMs: number, parkedFor?: ParkReason): Promise<void> {
    if (this.#leavesMemory) {
      await this.#ensureRecord();
      return this.#deps.store.delay(call, forMs, parkedFor);
    }
    this.#delayMs = forMs;
    if (parkedFor) this.#events.parked(this.ageMs, parkedFor, this.ageMs + forMs);
  }

  async countFault(call: CallId): Promise<number> {
    return this.#leavesMemory ? this.#deps.store.countFault(call) : ++this.#faults;
  }

  async cancel(call: CallId): Promise<boolean> {
    if (this.#leavesMemory) {
      await this.#ensureRecord();
      return this.#deps.store.cancel(call);
    }
    this.#end('cancelled', null);
    return true;
  }

  /** The caller has WeChat's answer before Redis is asked. */
  async settle(call: CallId, runId: string, outcome: Outcome, result?: AttemptResult): Promise<Settlement> {
    if (!this.#leavesMemory) {
      if (result) this.#events.add(this.ageMs, endedText(result));
      this.#end(outcome.state, outcome);
      return 'stored';
    }
    // Of a failure another run may know better.
    if (outcome.state === 'completed') this.#resolve(this.#found(outcome.state, outcome));
    await this.#ensureRecord();
    const how = await this.#deps.store.settle(call, runId, outcome, result);
    if (how !== 'superseded') this.#resolve(this.#found(outcome.state, outcome));
    return how;
  }

  /** What WeChat's answer has changed about the quota. */
  async refreshUsage(): Promise<void> {
    const { component, appid } = this.call;
    const { path } = this.request;
    this.#usage = await this.#deps.ledger.usage({ component, appid, path }, this.#endpoint).catch(() => this.#usage);
  }

  /** Gives the call a record, held by this run, and a job. True as soon as Redis has confirmed both, or the outcome is known. */
  async promote(): Promise<boolean> {
    if (this.#stage === 'answered') return true;
    // Without a first permission nothing can be sent, and its caller does not have its id.
    if (this.#createdAt === 0) return false;
    await this.#ensureRecord();
    await this.#ensureJob(0);
    return true;
  }

  /** The same, tried until the timeout, or until the shutdown aborts what is in flight. */
  async secure(shutdown: AbortSignal): Promise<boolean> {
    const { confirmTimeoutMs } = this.#deps;
    const until = performance.now() + confirmTimeoutMs;
    const tryUntilDone = async () => {
      for (;;) {
        const done = await this.promote().catch(() => false);
        if (done || shutdown.aborted || performance.now() > until) return done;
        await pause(CONFIRM_RETRY_MS);
      }
    };
    const { promise: ended, resolve: end } = Promise.withResolvers<boolean>();
    const giveUp = () => end(false);
    const timeout = setTimeout(giveUp, confirmTimeoutMs);
    shutdown.addEventListener('abort', giveUp);
    if (shutdown.aborted) giveUp();
    try {
      return await Promise.race([tryUntilDone(), this.#answered.promise.then(() => true), ended]);
    } finally {
      clearTimeout(timeout);
      shutdown.removeEventListener('abort', giveUp);
    }
  }

  /** Other processes continue the call, after this time. */
  async handOver(delayMs: number): Promise<void> {
    this.#delayMs = Math.max(this.#delayMs, delayMs);
    if (!this.#leavesMemory) this.#events.queued(this.ageMs);
    await this.#ensureRecord();
    await this.#deps.addJob(this.call.id, delayMs);
  }

  /** The call could not be handed over. False if it has a record, which lacks a job. */
  giveUp(failure: CallFailure): boolean {
    if (this.#hasRecord) return false;
    this.#end('failed', { state: 'failed', failure });
    return true;
  }

  /** Its run has ended. */
  close(): void {
    this.#endHold();
    this.#answered.resolve();
  }

  get #deadlineAt(): number {
    if (this.request.deadlineAt) return this.request.deadlineAt.getTime();
    return this.#createdAt === 0 ? 0 : this.#createdAt + this.request.departWithinMs;
  }

  async #ensureRecord(): Promise<void> {
    if (this.#hasRecord) return;
    this.#leavesMemory = true;
    const isSent = this.#stage === 'permitted' || this.#stage === 'departed';
    this.#putting ??= this.#deps.store
      .put(this.call, this.request, this.#deps.waiters.replyTo, {
        createdAt: this.#createdAt,
        createdMicros: this.#createdMicros,
        deadlineAt: this.#deadlineAt,
        attempts: this.#attempts,
        refusals: this.#refusals,
        faults: this.#faults,
        sentBy: isSent ? this.runId : undefined,
        departedAt: this.#departedAt,
        delayMs: this.#delayMs,
        events: this.#events.fields,
      })
      .then(() => {
        this.#hasRecord = true;
        if (isSent) this.#hold();
        this.#markRecorded();
      })
      .finally(() => {
        this.#putting = undefined;
      });
    await this.#putting;
  }

  #hold(): void {
    this.#endHold();
    this.#endHold = this.#deps.holds.keep(this.call, this.runId);
  }

  async #ensureJob(delayMs: number): Promise<void> {
    if (this.#hasJob) return;
    await this.#deps.addJob(this.call.id, delayMs);
    this.#hasJob = true;
  }

  /** Of a call without a record. A call of the virtual WeChat is read once, by its caller: only failures are of use later. */
  #end(state: 'completed' | 'failed' | 'cancelled', outcome: Outcome | null): void {
    this.#stage = 'answered';
    const found = this.#found(state, outcome);
    this.#resolve(found);
    if (this.request.keptForMs !== undefined && !hasFailed(found)) return;
    this.#isKept = true;
    this.#deps.recorder.record({
      call: this.call,
      found,
      createdMicros: this.#createdMicros,
      events: this.#events.texts,
    });
  }

  #resolve(found: FoundCall): void {
    this.#answered.resolve();
    const call = this.#usage ? withQuota(found, this.#usage) : { ...found, quota: null };
    if (this.#deps.waiters.resolve(call)) this.#hasCaller = true;
  }

  #found(state: 'completed' | 'failed' | 'cancelled', outcome: Outcome | null): FoundCall {
    const { component, appid, id } = this.call;
    const { method, path, body } = this.request;
    const completed = outcome?.state === 'completed' ? outcome : undefined;
    return {
      ...{ id, component, appid, method, path, state },
      requestBytes: body?.length ?? 0,
      background: false,
      keyId: this.request.keyId ?? null,
      attempts: this.#attempts,
      createdAt: new Date(this.#createdAt),
      deadlineAt: new Date(this.#deadlineAt),
      notBeforeAt: null,
      settledAt: new Date(this.#createdAt + Math.round(this.ageMs)),
      response: completed?.response ?? null,
      answered: completed
        ? {
            status: completed.response.status,
            errcode: completed.errcode ?? null,
            rid: completed.rid ?? null,
            bytes: completed.response.body.length,
          }
        : null,
      failure: outcome?.state === 'failed' ? outcome.failure : null,
    };
  }
}
