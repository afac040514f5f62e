import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Endpoint,
  ERRCODE,
  endpointOf,
  Failure,
  isTokenRefusal,
  readAnswer,
  refusal,
  type Transport,
  TransportFailure,
  type WeChatResponse,
} from '@wxthirdparty/wechat';
import { type Clears, clearsQuotas } from '../quota/clears.ts';
import type { Ledger, QuotaPair } from '../quota/ledger.ts';
import { errcodeOf } from '../quota/quota-evidence.ts';
import { usageOf } from '../quota/usage.ts';
import type { HostGate } from '../token/host-gate.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { Token, TokenOwner } from '../token/token.ts';
import type { Tokens } from '../token/tokens.ts';
import type { Call, CallFailure, CallResponse } from './call.ts';
import { type CallId, parseCallId } from './call-id.ts';
import type {
  CallStore,
  DepartedAtOnce,
  Departure,
  Outcome,
  ReleaseReason,
  Settlement,
  StoredCall,
} from './call-store.ts';
import { blamesToken, putTokenIn, tokenOwnerOf } from './call-token.ts';
import type { Holds } from './holds.ts';
import { judge, outcomeUnknown, type Result, toCallFailure, type Verdict, YIELD_DELAY_MS } from './verdict.ts';
import { withQuota } from './with-quota.ts';

/** A worker's slot is dear: whoever waits longer for a token waits outside of it. */
const TOKEN_WAIT_MS = 2_000;
const TOKEN_RETRY_MS = 500;
/** After a freeze nobody knows what others have done meanwhile. */
const MAX_CLAIM_AGE_MS = 2_000;
const ANSWER_TIMEOUT_MS = 30_000;
/** What is safe to repeat waits less for the run that holds it: to be sent twice does it no harm. */
const SAFE_HOLD_REDUCTION_MS = 5_000;
/** Faults of our own, after which a call is given up, so that it holds up neither its path nor its caller. */
const MAX_FAULTS = 5;
const FAULT_RETRY_MS = 1_000;
/** An answer of WeChat is worth more than one try to store it. */
const STORE_TIMEOUT_MS = 10_000;
const STORE_RETRY_MS = 500;
const PASSED_ON_HEADERS = ['content-type', 'content-disposition'];

export type CallRunResult =
  | {
      readonly done: true;
      readonly outcome: string;
      readonly errcode?: number | undefined;
      readonly attempts: number;
      /** Somebody wants to be told of the outcome. */
      readonly hasCallback?: boolean;
      /** Another outcome had been stored, and perhaps reported, before. */
      readonly corrected?: boolean;
      readonly fault?: Error | undefined;
    }
  /** `until`: what it waits for. A closed quota holds back its path, a missing token the whole account. */
  | {
      readonly done: false;
      readonly delayMs: number;
      readonly until: 'quota' | 'token' | 'again';
      /** Why this run ended, if by a fault of our own. */
      readonly fault?: Error | undefined;
    }
  /** The process is leaving; another one takes the call. */
  | { readonly done: false; readonly requeue: true };

type Departed = Departure & { readonly go: 'yes' };

interface Sent {
  readonly result: Result;
  /** Where WeChat answered. */
  readonly response?: WeChatResponse;
}

/** What a run knows of its call, and what is not in the record yet. `release`: nothing was carried out. */
type Known =
  | { readonly do: 'release'; readonly because: ReleaseReason }
  | {
      readonly do: 'settle';
      readonly outcome: Outcome;
      readonly attempts: number;
      readonly result: Result | undefined;
    };

class ClaimTooOld extends Error {}

/** The callers that wait in this process. */
export interface LocalWaiters {
  isLocal(replyTo: string | undefined): boolean;
  resolveWaiter(call: Call): void;
}

export interface PerformOptions {
  readonly store: CallStore;
  readonly holds: Holds;
  readonly tokens: Tokens;
  readonly ledger: Ledger;
  readonly gate: Pick<HostGate, 'yields' | 'close' | 'open' | 'othersCan'>;
  readonly clears: Pick<Clears, 'recordClear'>;
  readonly dueSet: RefreshAhead;
  readonly transport: Transport;
  readonly apiBase: string;
  /** They receive the outcome directly, without Redis pub/sub and a second reading. */
  readonly localWaiters: LocalWaiters;
}

/** Carries one call to WeChat, as far as this run gets; the record says where the next run goes on. */
export async function perform(id: string, signal: AbortSignal, options: PerformOptions): Promise<CallRunResult> {
  const call = parseCallId(id);
  if (!call) return { done: true, outcome: 'not_a_call', attempts: 0 };
  const stored = await options.store.load(call);
  if (!stored) return { done: true, outcome: 'gone', attempts: 0 };
  const { settled, attempts, hasCallback } = stored;
  if (settled) return { done: true, outcome: 'settled_before', attempts, hasCallback };
  const { safeToRepeat } = endpointOf(stored.method, stored.path);
  const heldMs = stored.heldMs - (safeToRepeat ? SAFE_HOLD_REDUCTION_MS : 0);
  // The run that sent it may be alive and about to bring the answer, also where its job's lock has ended.
  if (heldMs > 0) return { done: false, delayMs: heldMs, until: 'again' };
  // A process whose address WeChat allows takes it.
  if (stored.now < stored.deadlineAt && options.gate.yields(call.component)) {
    return { done: false, delayMs: YIELD_DELAY_MS, until: 'again' };
  }
  return new Run(call, randomUUID(), stored, signal, options).goSafely();
}

/** Carries on a call that departed as `runId` with its making. */
export function performDeparted(
  call: CallId,
  runId: string,
  { stored, departure, claimedAt }: DepartedAtOnce,
  token: Token | undefined,
  signal: AbortSignal,
  options: PerformOptions,
): Promise<CallRunResult> {
  return new Run(call, runId, stored, signal, options).goOn(token, departure, claimedAt);
}

class Run {
  readonly #runId: string;
  readonly #call: CallId;
  readonly #stored: StoredCall;
  readonly #signal: AbortSignal;
  readonly #o: PerformOptions;
  readonly #endpoint: Endpoint;
  readonly #pair: QuotaPair;
  readonly #owner: TokenOwner | undefined;
  #refusals: number;
  /** It has sent the call, and has neither released nor settled it. */
  #departed = false;
  #known: Known | undefined;

  constructor(call: CallId, runId: string, stored: StoredCall, signal: AbortSignal, options: PerformOptions) {
    this.#call = call;
    this.#runId = runId;
    this.#stored = stored;
    this.#signal = signal;
    this.#o = options;
    this.#endpoint = endpointOf(stored.method, stored.path);
    this.#pair = { component: call.component, appid: call.appid, path: stored.path };
    this.#owner = tokenOwnerOf({ ...stored, component: call.component, appid: call.appid });
    this.#refusals = stored.refusals;
  }

  goSafely(): Promise<CallRunResult> {
    return this.#safely(() => this.#go());
  }

  goOn(token: Token | undefined, departure: Departed, claimedAt: number): Promise<CallRunResult> {
    return this.#safely(async () => {
      const step = await this.#sendDeparted(token, departure, claimedAt);
      return step === 'again' ? this.#go() : step;
    });
  }

  /** What `carry` throws is counted in the record, and ends the call when that happens too often. */
  async #safely(carry: () => Promise<CallRunResult>): Promise<CallRunResult> {
    try {
      return await carry();
    } catch (error) {
      if (this.#signal.aborted && !this.#known) throw error;
      // Where the cause is Redis itself, this throws, too, and the fault is not the call's.
      const faults = await this.#o.store.countFault(this.#call);
      return { ...(await this.#afterFault(faults)), fault: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  async #go(): Promise<CallRunResult> {
    // Before anything else could fail it with words that say that nothing was sent.
    if (this.#stored.departed && !this.#endpoint.safeToRepeat) return this.#fail(claimed);
    // Not only on departing: who lacks a token for hours would never get that far.
    if (this.#stored.now >= this.#stored.deadlineAt) return this.#fail(this.#deadlinePassed());
    if (this.#stored.unreadable === 'damaged') return this.#fail(unreadable);
    if (this.#stored.unreadable === 'no_key') {
      // While SECRETS_KEY changes, another process may have the key already.
      if ((await this.#o.store.countFault(this.#call)) >= MAX_FAULTS) return this.#fail(unreadable);
      return { done: false, delayMs: FAULT_RETRY_MS, until: 'again' };
    }
    for (;;) {
      const token = this.#owner ? await this.#token(this.#owner) : undefined;
      if (token && 'done' in token) return token;
      const step = await this.#sendOnce(token);
      if (step !== 'again') return step;
    }
  }

  /** The token is asked for at the last moment, and never seen outside of here. */
  async #token(owner: TokenOwner): Promise<Token | CallRunResult> {
    try {
      return await this.#o.tokens.get(owner, TOKEN_WAIT_MS, this.#signal);
    } catch (error) {
      if (this.#signal.aborted) return { done: false, requeue: true };
      if (!(error instanceof Failure)) throw error;
      const passing = error.remedy !== 'reauthorize' && error.remedy !== 'fix-request';
      if (error.code === 'token_not_ready') return this.#delay(TOKEN_RETRY_MS, 'token');
      // Somebody who waits hears the cause now; nobody waits for a background call, so it waits for better times.
      if (this.#stored.background && passing) return this.#delay(error.retryAfterMs ?? TOKEN_RETRY_MS, 'token');
      return this.#fail(toCallFailure(error));
    }
  }

  async #sendOnce(token: Token | undefined): Promise<CallRunResult | 'again'> {
    const { store, ledger } = this.#o;
    const claimedAt = performance.now();
    const departure = await store.depart(
      this.#call,
      this.#runId,
      this.#endpoint.safeToRepeat,
      ledger.keysOf(this.#pair),
      ledger.argsOf(this.#pair, this.#endpoint),
    );
    switch (departure.go) {
      case 'gone':
      case 'settled':
        return {
          ...{ done: true, outcome: departure.go, attempts: this.#stored.attempts },
          hasCallback: this.#stored.hasCallback,
        };
      case 'deadline':
        return this.#fail(this.#deadlinePassed());
      case 'claimed':
        if (departure.heldMs > 0) return { done: false, delayMs: departure.heldMs, until: 'again' };
        return this.#fail(claimed);
      case 'closed':
        if (this.#stored.background) return this.#delay(departure.inMs, 'quota');
        return this.#fail(quotaClosed(this.#stored.path, departure.closedUntil));
    }
    return this.#sendDeparted(token, departure, claimedAt);
  }

  async #sendDeparted(
    token: Token | undefined,
    departure: Departed,
    claimedAt: number,
  ): Promise<CallRunResult | 'again'> {
    const letGo = this.#o.holds.keep(this.#call, this.#runId);
    this.#departed = true;
    try {
      const step = await this.#sendHeld(token, departure, claimedAt);
      this.#departed = false;
      return step;
    } finally {
      letGo();
    }
  }

  async #afterFault(faults: number): Promise<CallRunResult> {
    if (this.#known?.do === 'settle') {
      const { outcome, attempts, result } = this.#known;
      return this.#settle(outcome, attempts, result);
    }
    if (this.#known) await this.#release(this.#known.because);
    // No other run may send it, and this one will not bring an answer any more.
    if (this.#departed && !this.#endpoint.safeToRepeat) return this.#fail(faultAfterDeparture);
    if (faults >= MAX_FAULTS) return this.#fail(internal);
    return { done: false, delayMs: FAULT_RETRY_MS, until: 'again' };
  }

  async #sendHeld(token: Token | undefined, departure: Departed, claimedAt: number): Promise<CallRunResult | 'again'> {
    const { ledger } = this.#o;
    ledger.emitNews(this.#pair, departure.news);
    const sent = await this.#send(token, claimedAt);
    if (sent === 'claim-too-old') {
      await this.#release('not-sent');
      return 'again';
    }
    if (this.#signal.aborted && sent.result.kind === 'unanswered' && this.#endpoint.safeToRepeat) {
      await this.#release('not-sent');
      return { done: false, requeue: true };
    }
    const errcode = sent.result.kind === 'answered' ? errcodeOf(sent.result.answer) : undefined;
    const tokenToBlame = token !== undefined && blamesToken(this.#owner, this.#endpoint);
    const verdict = judge(sent.result, {
      safeToRepeat: this.#endpoint.safeToRepeat,
      background: this.#stored.background,
      attempts: departure.attempts,
      refusals: this.#refusals,
      path: this.#endpoint.path,
      tokenToBlame,
      otherHostCan: await this.#otherHostCan(token, sent.result),
    });
    // First of all, so that an error of Redis in what follows costs a repetition at most, and no answer.
    this.#known = this.#knownBy(verdict, departure.attempts, sent);
    await untilStored(() => ledger.conclude(this.#pair, departure, errcode, this.#endpoint));
    if (token && errcode === ERRCODE.ok) {
      this.#o.tokens.accepted(token, { path: this.#endpoint.path, departedAt: claimedAt });
    }
    switch (verdict.do) {
      case 'fail':
        return this.#fail(verdict.failure, departure.attempts);
      case 'repeat':
        await this.#release('not-sent');
        return this.#delay(verdict.afterMs, 'again');
      case 'next-token':
        this.#refusals++;
        // Kept: this endpoint would refuse the next token, too, so its answer goes to the caller.
        if (token && (await this.#o.tokens.distrust(token, this.#endpoint.path)) === 'kept') break;
        if (await this.#release('token-refused')) return 'again';
        // Another run has given the call up meanwhile; so this refusal is its outcome.
        break;
      case 'await-quota':
        if (await this.#release('quota-refused')) return this.#delay(1_000, 'quota');
        break;
      case 'answer':
        // A second refusal: not repeated, but remembered against the endpoint.
        if (tokenToBlame && errcode !== undefined && isTokenRefusal(errcode)) {
          await this.#o.tokens.distrust(token, this.#endpoint.path);
        }
        break;
      default:
        verdict satisfies never;
    }
    if (clearsQuotas(this.#stored.path) && sent.result.kind === 'answered' && sent.result.answer.kind === 'json') {
      const { errcode } = sent.result.answer;
      await untilStored(() => this.#o.clears.recordClear(this.#call, errcode, this.#call.id));
    }
    // A mark that is missing costs a later call some waiting; WeChat's answer must not be lost for it.
    const { component, appid } = this.#call;
    if (this.#owner?.kind === 'authorizer') await this.#o.dueSet.markUsed(component, appid).catch(() => {});
    return this.#settle(completedBy(sent), departure.attempts, sent.result);
  }

  /** What an answer shows of this host's address; true where WeChat refuses it, and another process can send the call. */
  async #otherHostCan(token: Token | undefined, result: Result): Promise<boolean> {
    if (!token || result.kind !== 'answered' || result.answer.kind === 'broken') return false;
    const { component } = this.#call;
    if (result.answer.kind === 'binary' || result.answer.errcode !== ERRCODE.addressForbidden) {
      this.#o.gate.open(component);
      return false;
    }
    this.#o.gate.close(component, refusal(result.answer, `calling ${this.#stored.path}`));
    return this.#o.gate.othersCan(component).catch(() => false);
  }

  #knownBy(verdict: Verdict, attempts: number, sent: Sent): Known {
    const { result } = sent;
    switch (verdict.do) {
      case 'answer':
        return { do: 'settle', outcome: completedBy(sent), attempts, result };
      case 'fail':
        return { do: 'settle', outcome: { state: 'failed', failure: verdict.failure }, attempts, result };
      case 'repeat':
        return { do: 'release', because: 'not-sent' };
      case 'next-token':
        return { do: 'release', because: 'token-refused' };
      case 'await-quota':
        return { do: 'release', because: 'quota-refused' };
      default:
        return verdict satisfies never;
    }
  }

  /** Nothing was carried out. False where the call is no longer this run's. */
  async #release(because: ReleaseReason): Promise<boolean> {
    this.#known = { do: 'release', because };
    const released = await untilStored(() => this.#o.store.release(this.#call, this.#runId, because));
    this.#departed = false;
    this.#known = undefined;
    return released;
  }

  async #send(token: Token | undefined, claimedAt: number): Promise<Sent | 'claim-too-old'> {
    const { method, path, query, contentType, body } = this.#stored;
    const url = new URL(this.#o.apiBase + path);
    // Beside the URL, which would write itself anew with each of them.
    const parameters = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value]));
    if (token) {
      const { component, appid } = this.#call;
      putTokenIn(parameters, { component, appid, method, path }, token.value);
    }
    url.search = parameters.toString();
    try {
      const response = await this.#o.transport.send({
        method,
        url: url.href,
        ...(body ? { body } : {}),
        headers: contentType ? { 'content-type': contentType } : {},
        timeoutMs: ANSWER_TIMEOUT_MS,
        signal: this.#signal,
        beforeSend: () => {
          if (performance.now() - claimedAt > MAX_CLAIM_AGE_MS) throw new ClaimTooOld();
        },
      });
      return { result: { kind: 'answered', answer: readAnswer(response, 'any') }, response };
    } catch (error) {
      if (error instanceof ClaimTooOld) return 'claim-too-old';
      if (error instanceof TransportFailure) return { result: { kind: 'unanswered', failure: error } };
      throw error;
    }
  }

  async #delay(delayMs: number, until: 'quota' | 'token' | 'again'): Promise<CallRunResult> {
    const late = this.#stored.now + delayMs > this.#stored.deadlineAt;
    // Who waits need not wait for what cannot be; a lane keeps the deadlines by itself, and times may become better.
    if (late && !this.#stored.background) return this.#fail(this.#deadlinePassed());
    await this.#o.store.delay(this.#call, delayMs);
    return { done: false, delayMs, until };
  }

  #fail(failure: CallFailure, attempts = this.#stored.attempts): Promise<CallRunResult> {
    return this.#settle({ state: 'failed', failure }, attempts);
  }

  async #settle(outcome: Outcome, attempts: number, result?: Result): Promise<CallRunResult> {
    this.#known = { do: 'settle', outcome, attempts, result };
    const isHere = this.#o.localWaiters.isLocal(this.#stored.replyTo);
    const how = await untilStored(() =>
      isHere ? this.#settleHere(outcome) : this.#o.store.settle(this.#call, this.#runId, outcome),
    );
    const code = outcome.state === 'failed' ? outcome.failure.code : 'completed';
    const answer = result?.kind === 'answered' ? result.answer : undefined;
    return {
      done: true,
      outcome: how === 'superseded' ? 'settled_before' : code,
      ...(answer?.kind === 'json' ? { errcode: answer.errcode } : {}),
      attempts,
      hasCallback: this.#stored.hasCallback,
      ...(how === 'corrected' ? { corrected: true } : {}),
    };
  }

  /** Not before Redis has it is anybody told. */
  async #settleHere(outcome: Outcome): Promise<Settlement> {
    const [quotaKey] = this.#o.ledger.keysOf(this.#pair);
    const settled = await this.#o.store.settleQuietly(this.#call, this.#runId, outcome, quotaKey);
    if (!settled) return 'superseded';
    this.#o.localWaiters.resolveWaiter(withQuota(settled.call, usageOf(settled.quota, settled.now, this.#endpoint)));
    return settled.how;
  }

  /** What is safe to repeat may have been sent by a run whose answer is not known. */
  #deadlinePassed(): CallFailure {
    return this.#stored.attempts > 0 && this.#endpoint.safeToRepeat ? answerTooLate : deadlinePassed;
  }
}

/** Repeats a write that Redis refused, for instance while it has no memory or is no master. */
async function untilStored<T>(write: () => Promise<T>): Promise<T> {
  const until = performance.now() + STORE_TIMEOUT_MS;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(STORE_RETRY_MS);
    }
  }
}

function completedBy({ response }: Sent): Outcome {
  return { state: 'completed', response: passOn(response!) };
}

function passOn(response: WeChatResponse): CallResponse {
  const headers: Record<string, string> = {};
  for (const name of PASSED_ON_HEADERS) {
    const value = response.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return { status: response.status, headers, body: response.body };
}

const claimed = outcomeUnknown('The process that was sending the call ended before an answer came');

const deadlinePassed: CallFailure = {
  code: 'deadline_passed',
  remedy: 'retry',
  message: 'The call could not leave in time; it was not sent.',
};

const unreadable: CallFailure = {
  code: 'call_unreadable',
  remedy: 'operator',
  message: 'The stored request cannot be opened, so it was not sent. Was a SECRETS_KEY removed too early?',
};

const internal: CallFailure = {
  code: 'internal',
  remedy: 'operator',
  message: 'Runs of this call failed by a fault of our own. The log of the worker has the cause.',
};

const faultAfterDeparture = outcomeUnknown('The call was sent, and then its run failed by a fault of our own');

const answerTooLate: CallFailure = {
  code: 'deadline_passed',
  remedy: 'retry',
  message: 'The deadline passed before an answer came. The call may have been sent; it is safe to repeat.',
};

function quotaClosed(path: string, until: Date): CallFailure {
  return {
    code: 'quota_closed',
    remedy: 'slow-down',
    message: `WeChat allows no more calls of ${path} for this account until ${until.toISOString()}.`,
  };
}
