import { endpointOf, type Failure } from '@wxthirdparty/wechat';
import type { Ledger } from '../quota/ledger.ts';
import type { Hints } from '../redis/hints.ts';
import type { Call, CallRequest } from './call.ts';
import { type CallId, parseCallId } from './call-id.ts';
import { payloadOf } from './call-job.ts';
import type { CallHistory } from './call-store.ts';
import type { FailedCalls } from './failed-calls.ts';
import { append } from './lane/append.ts';
import type { LocalWaiters } from './local-waiters.ts';
import { PendingCalls } from './pending-calls.ts';
import { type CallRun, type RunCallOptions, runCall } from './run-call.ts';
import { type Accepted, Submission, type SubmissionOptions } from './submit.ts';
import { withQuota } from './with-quota.ts';

/** Enqueues the callback of a call that this process settled without a run. */
export interface CallbackRequests {
  enqueueIfRequested(call: CallId): Promise<void>;
}

export interface CallsOptions extends Omit<SubmissionOptions, 'pending' | 'replyTo'> {
  /** Calls in the queue for which a caller waits in this process: an account has its share of so many. */
  readonly queuedSlots: number;
  readonly ledger: Ledger;
  readonly callbacks: CallbackRequests;
  readonly hints: Hints;
  readonly waiters: LocalWaiters;
  /** Has the calls that failed, when their records have expired. */
  readonly failed: Pick<FailedCalls, 'find'>;
}

/** A call with what is recorded about its way, and the state of its quota. */
export interface CallDetail extends Omit<CallHistory, 'call'> {
  readonly call: Call;
}

/** The calls of business programs, as the process that receives them sees them. */
export class Calls {
  readonly #deps: CallsOptions;
  readonly #pending: PendingCalls;
  readonly #submission: Submission;

  constructor(deps: CallsOptions) {
    this.#deps = deps;
    const { store, waiters, hints, inline, queue, queuedSlots } = deps;
    this.#pending = new PendingCalls({
      queuedSlots,
      store,
      waiters,
      hints,
      inline,
      find: (id) => this.find(id),
      addJob: (call, request) => queue.add(payloadOf(call, request)),
      enterLane: (call, path) => append(deps, call, path),
    });
    this.#submission = new Submission({ ...deps, pending: this.#pending, replyTo: waiters.replyTo });
  }

  close(): void {
    this.#pending.close();
  }

  /** Submits a call and waits for its outcome. */
  run(request: Omit<CallRequest, 'waitMs'>, options: RunCallOptions): Promise<CallRun> {
    return runCall(this, request, options);
  }

  submit(request: CallRequest, disconnected?: AbortSignal): Promise<Accepted> {
    return this.#submission.submit(request, disconnected);
  }

  submitAll(requests: readonly CallRequest[]): Promise<(Accepted | Failure)[]> {
    return this.#submission.submitAll(requests);
  }

  settled(id: string, waitMs: number, signal?: AbortSignal): Promise<Call | undefined> {
    return this.#pending.settled(id, waitMs, signal);
  }

  async find(id: string): Promise<Call | undefined> {
    const callId = parseCallId(id);
    if (!callId) return undefined;
    const { ledger, store } = this.#deps;
    const known = this.#pending.requestOf(id);
    // If the path is known, which it is for every pending call, record and quota are read in one round trip.
    const usage = known && ledger.usage({ ...callId, path: known.path }, endpointOf(known.method, known.path));
    const [call] = await Promise.all([store.find(callId), usage]);
    return call && withQuota(call, await (usage ?? ledger.usage(call, endpointOf(call.method, call.path))));
  }

  /** With its history. Without WeChat's answer if only the list of failed calls has it. */
  async detail(id: string): Promise<CallDetail | undefined> {
    const callId = parseCallId(id);
    if (!callId) return undefined;
    const { ledger, store, failed } = this.#deps;
    const found = (await store.history(callId)) ?? (await failed.find(callId));
    if (!found) return undefined;
    const { call } = found;
    return { ...found, call: withQuota(call, await ledger.usage(call, endpointOf(call.method, call.path))) };
  }

  /** True if the call had not departed; then it never will. */
  async cancel(id: string): Promise<boolean> {
    const callId = parseCallId(id);
    const { store, lanes, callbacks } = this.#deps;
    if (!callId || !(await store.cancel(callId))) return false;
    await callbacks.enqueueIfRequested(callId);
    // The next call of its order key need not wait for what this one waited for. If it fails, the lane wakes by itself.
    if (await store.hasOrderKey(callId).catch(() => false)) await lanes.wake(callId).catch(() => {});
    return true;
  }
}
