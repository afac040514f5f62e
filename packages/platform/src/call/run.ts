import {
  type Answer,
  type Endpoint,
  ERRCODE,
  endpointOf,
  type Failure,
  readAnswer,
  refusal,
  type Transport,
} from '@wxthirdparty/wechat';
import type { Events } from '../events.ts';
import { type Clears, clearsQuotas } from '../quota/clears.ts';
import type { Ledger, QuotaPair } from '../quota/ledger.ts';
import { type Asked, askWechat, type Reply } from '../request/ask-wechat.ts';
import { blamesToken } from '../request/put-token.ts';
import { sendOver } from '../request/send-request.ts';
import { untilStored } from '../request/until-stored.ts';
import type { HostGate } from '../token/host-gate.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { Token, TokenOwner } from '../token/token.ts';
import type { Tokens } from '../token/tokens.ts';
import { issuedUserToken } from '../user-token/issued-user-token.ts';
import type { UserTokens } from '../user-token/user-tokens.ts';
import type { CallFailure } from './call.ts';
import type { CallId } from './call-id.ts';
import type { Outcome, StoredCall } from './call-record.ts';
import type { CallStore } from './call-store.ts';
import { tokenOwnerOf } from './call-token.ts';
import type { Departure, ReleaseReason } from './depart.ts';
import type { DurableCalls } from './durable-calls.ts';
import type { Holds } from './holds.ts';
import type { AttemptResult, ParkReason, Retry } from './recorded-events.ts';
import { quotaClosed, runFailures } from './run-failures.ts';
import { judge, toCallFailure, type Verdict } from './verdict.ts';

/** Worker slots are scarce: a longer wait for a token happens outside of the slot. */
const TOKEN_WAIT_MS = 2_000;
const TOKEN_RETRY_MS = 500;
/** A shorter wait is the reading of a token that is there. */
const MIN_TOKEN_WAIT_MS = 10;
/** After a freeze it is unknown what other processes have done meanwhile. */
const MAX_CLAIM_AGE_MS = 2_000;
const ANSWER_TIMEOUT_MS = 30_000;
/** After so many internal errors a call is given up, so that it does not block its path and its caller. */
const MAX_FAULTS = 5;
const FAULT_RETRY_MS = 1_000;
const UNCONFIRMED_RETRY_MS = 1_000;
/** By then the quota is closed, and says until when. */
const QUOTA_RETRY_MS = 1_000;
const PASSED_ON_HEADERS = ['content-type', 'content-disposition'];

/** What a run knows of the call that it has settled. Times as in CallEvent. */
export interface SettledCall extends Omit<CallId, 'id'> {
  readonly path: string;
  readonly isBackground: boolean;
  readonly rid: string | undefined;
  readonly queueMs: number;
  readonly wechatMs: number | undefined;
  readonly totalMs: number;
  readonly key: string | undefined;
}

export type CallRunResult =
  | {
      readonly done: true;
      readonly outcome: string;
      readonly errcode?: number | undefined;
      readonly attempts: number;
      readonly hasCallback?: boolean;
      /** Undefined: another run has settled it, or it is gone. */
      readonly settled?: SettledCall | undefined;
      /** Another outcome had been stored, and perhaps reported, before. */
      readonly corrected?: boolean;
      readonly fault?: Error | undefined;
    }
  /** `until`: what it waits for. A closed quota holds back its path, a missing token the whole account. */
  | {
      readonly done: false;
      readonly delayMs: number;
      readonly until: 'quota' | 'token' | 'again';
      /** The internal error that ended this run, if one did. */
      readonly fault?: Error | undefined;
    }
  /** The process is shutting down; another one takes the call. */
  | { readonly done: false; readonly requeue: true };

/** `unconfirmed`: no replica has confirmed the claim of a durable call, which is released. */
type Permitted = Departure | { readonly go: 'unconfirmed' };
type NotDeparted = Exclude<Permitted, { readonly go: 'yes' }>;
type WeChatReply = Reply<Answer>;
/** A departure that has reached WeChat, or may have. */
type Sent = Extract<Asked<Permitted>, { readonly kind: 'answered' | 'unanswered' }>;

/** What a run knows about its call and the record does not have yet. `release`: nothing was carried out. */
type Known =
  | { readonly do: 'release'; readonly because: ReleaseReason; readonly retry: Retry | undefined }
  | {
      readonly do: 'settle';
      readonly outcome: Outcome;
      readonly attempts: number;
      readonly reply: WeChatReply | undefined;
    };

class ClaimTooOld extends Error {}
/** Thrown by `departing`: no caller waits any more. */
export class CallerGone extends Error {}

/** What a run asks of the record of its call, be it in Redis or in the memory of this process. */
export type RunStore = Pick<CallStore, 'depart' | 'release' | 'delay' | 'countFault' | 'cancel' | 'settle'>;

export interface RunDeps {
  readonly events: Pick<Events, 'publish'>;
  readonly store: RunStore;
  readonly durable: Pick<DurableCalls, 'claim'>;
  readonly holds: Pick<Holds, 'keep'>;
  readonly tokens: Pick<Tokens, 'get' | 'accepted' | 'distrust'>;
  readonly ledger: Pick<Ledger, 'scriptArgs' | 'emitNews' | 'conclude'>;
  readonly gate: Pick<HostGate, 'yields' | 'close' | 'open' | 'othersCan'>;
  readonly clears: Pick<Clears, 'recordClear'>;
  readonly refreshAhead: RefreshAhead;
  readonly userTokens: Pick<UserTokens, 'remember'>;
  readonly transport: Transport;
  readonly apiBase: string;
  /** Called right before the first byte; CallerGone stops the departure. */
  readonly departing?: () => void;
}

/** A departure for which token and permit were requested before. */
export interface Prepared {
  readonly departure: Departure;
  /** Before the permit was requested, on the monotonic clock. */
  readonly claimedAt: number;
  readonly token: Token | undefined;
}

/** One run of one call, from its record to its outcome or to the next run. */
export class Run {
  readonly #runId: string;
  readonly #call: CallId;
  readonly #stored: StoredCall;
  readonly #signal: AbortSignal;
  readonly #deps: RunDeps;
  readonly #endpoint: Endpoint;
  readonly #pair: QuotaPair;
  readonly #owner: TokenOwner | undefined;
  #refusals: number;
  readonly #startedAt = performance.now();
  /** From the start of this run to its first departure. */
  #departedAfterMs: number | undefined;
  /** Of all its requests. */
  #wechatMs: number | undefined;
  /** It has sent the call, and has neither released nor settled it. */
  #departed = false;
  #known: Known | undefined;
  /** How long it waited for the token of its next departure. */
  #tokenMs = 0;
  /** Right before the first byte, on the monotonic clock. */
  #sentAt = 0;
  /** Of the last departure, until the call is released. */
  #result: AttemptResult | undefined;

  constructor(call: CallId, runId: string, stored: StoredCall, signal: AbortSignal, deps: RunDeps) {
    this.#call = call;
    this.#runId = runId;
    this.#stored = stored;
    this.#signal = signal;
    this.#deps = deps;
    this.#endpoint = endpointOf(stored.method, stored.path);
    this.#pair = { component: call.component, appid: call.appid, path: stored.path };
    this.#owner = tokenOwnerOf({ ...stored, component: call.component, appid: call.appid });
    this.#refusals = stored.refusals;
  }

  run(): Promise<CallRunResult> {
    return this.#countingFaults(() => this.#departUntilDone());
  }

  runPrepared(prepared: Prepared): Promise<CallRunResult> {
    return this.#countingFaults(async () => {
      const step = await this.#departOnce(prepared);
      return step === 'again' ? this.#departUntilDone() : step;
    });
  }

  /** What `work` throws is counted in the record, and ends the call if that happens too often. */
  async #countingFaults(work: () => Promise<CallRunResult>): Promise<CallRunResult> {
    try {
      return await work();
    } catch (error) {
      if (this.#signal.aborted && !this.#known) throw error;
      // If the cause is Redis itself, this throws, too, and the fault is not the call's.
      const faults = await this.#deps.store.countFault(this.#call);
      return { ...(await this.#afterFault(faults)), fault: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  async #afterFault(faults: number): Promise<CallRunResult> {
    if (this.#known?.do === 'settle') {
      const { outcome, attempts, reply } = this.#known;
      return this.#settle(outcome, attempts, reply);
    }
    if (this.#known) await this.#release(this.#known.because, this.#known.retry);
    // No other run may send it, and this one will not receive an answer any more.
    if (this.#departed && !this.#endpoint.safeToRepeat) return this.#fail(runFailures.faultAfterDeparture);
    if (faults >= MAX_FAULTS) return this.#fail(runFailures.internal);
    return { done: false, delayMs: FAULT_RETRY_MS, until: 'again' };
  }

  async #departUntilDone(): Promise<CallRunResult> {
    // Checked first, because the failures below state that the call was not sent.
    if (this.#stored.departed && !this.#endpoint.safeToRepeat) return this.#fail(runFailures.claimed);
    // The departure checks it, too, but a call without a token does not get that far.
    if (this.#stored.now >= this.#stored.deadlineAt) return this.#fail(this.#deadlinePassed());
    if (this.#stored.unreadable === 'damaged') return this.#fail(runFailures.unreadable);
    if (this.#stored.unreadable === 'no_key') {
      // While SECRETS_KEY changes, another process may have the key already.
      if ((await this.#deps.store.countFault(this.#call)) >= MAX_FAULTS) return this.#fail(runFailures.unreadable);
      return { done: false, delayMs: FAULT_RETRY_MS, until: 'again' };
    }
    for (;;) {
      const step = await this.#departOnce();
      if (step !== 'again') return step;
    }
  }

  /** One departure and its consequences. `prepared`: of the first one of an inline call. */
  async #departOnce(prepared?: Prepared): Promise<CallRunResult | 'again'> {
    let claimedAt = prepared?.claimedAt ?? performance.now();
    let endHold = () => {};
    let verdict: Verdict | undefined;
    const beforeSend = () => {
      if (performance.now() - claimedAt > MAX_CLAIM_AGE_MS) throw new ClaimTooOld();
      this.#deps.departing?.();
      this.#sentAt = performance.now();
    };
    try {
      const asked = await askWechat(
        {
          pair: this.#pair,
          endpoint: this.#endpoint,
          signal: this.#signal,
          token: async () => (prepared ? prepared.token : this.#token()),
          permit: async (): Promise<Permitted> => {
            if (!prepared) claimedAt = performance.now();
            const departure = prepared?.departure ?? (await this.#permit());
            if (departure.go === 'yes') {
              endHold = this.#deps.holds.keep(this.#call, this.#runId);
              this.#departed = true;
              this.#deps.ledger.emitNews(this.#pair, departure.news);
            }
            return departure;
          },
          send: sendOver(this.#deps, {
            ...this.#call,
            method: this.#stored.method,
            path: this.#stored.path,
            query: this.#stored.query,
            contentType: this.#stored.contentType,
            body: this.#stored.body,
            timeoutMs: ANSWER_TIMEOUT_MS,
            signal: this.#signal,
            beforeSend,
          }),
          read: (response) => readAnswer(response, 'any'),
          received: async (reply, { attempts }, ms) => {
            this.#timed(ms);
            this.#result = resultOf(reply, performance.now() - this.#sentAt);
            if (this.#isCutOff(reply)) return;
            verdict = await this.#judge(reply, attempts);
            this.#known = knownBy(verdict, attempts, reply);
          },
          persist: untilStored,
        },
        this.#deps,
      );
      const step = await this.#follow(asked, verdict);
      this.#departed = false;
      return step;
    } catch (error) {
      if (!(error instanceof ClaimTooOld || error instanceof CallerGone)) throw error;
      await this.#release('not-sent', { reason: 'not_sent', afterMs: 0 });
      if (error instanceof ClaimTooOld) return 'again';
      await untilStored(() => this.#deps.store.cancel(this.#call));
      return {
        done: true,
        outcome: 'cancelled',
        attempts: this.#stored.attempts,
        settled: this.#settledCall(undefined),
      };
    } finally {
      endHold();
    }
  }

  /** The process is shutting down before an answer came, and the call may be sent again. */
  #isCutOff(reply: WeChatReply): boolean {
    return this.#signal.aborted && reply.kind === 'unanswered' && this.#endpoint.safeToRepeat;
  }

  async #follow(asked: Asked<Permitted>, verdict: Verdict | undefined): Promise<CallRunResult | 'again'> {
    switch (asked.kind) {
      case 'aborted':
        return { done: false, requeue: true };
      case 'no-token':
        return this.#withoutToken(asked.failure);
      case 'not-permitted':
        return this.#notPermitted(asked.decision);
      case 'unanswered':
      case 'answered':
        if (verdict) return this.#obey(verdict, asked);
        await this.#release('not-sent', { reason: 'shutdown', afterMs: 0 });
        return { done: false, requeue: true };
      default:
        return asked satisfies never;
    }
  }

  async #token(): Promise<Token | undefined> {
    const startedAt = performance.now();
    const token = this.#owner && (await this.#deps.tokens.get(this.#owner, TOKEN_WAIT_MS, this.#signal));
    const waitedMs = performance.now() - startedAt;
    this.#tokenMs = waitedMs < MIN_TOKEN_WAIT_MS ? 0 : waitedMs;
    return token;
  }

  async #withoutToken(failure: Failure): Promise<CallRunResult> {
    const mayPass = failure.remedy !== 'reauthorize' && failure.remedy !== 'fix-request';
    if (failure.code === 'token_not_ready') return this.#delay(TOKEN_RETRY_MS, 'token');
    // A waiting caller receives the cause now; a background call is tried again later.
    if (this.#stored.background && mayPass) return this.#delay(failure.retryAfterMs ?? TOKEN_RETRY_MS, 'token');
    return this.#fail(toCallFailure(failure));
  }

  /** A durable call is claimed first, which spends no quota and is no attempt. */
  async #permit(): Promise<Permitted> {
    if (!this.#stored.durable) return this.#depart();
    const claim = await this.#deps.durable.claim(this.#call, this.#runId, this.#endpoint.safeToRepeat);
    if (typeof claim === 'object') return claim.denied;
    if (claim === 'unconfirmed') {
      await this.#release('not-sent');
      return { go: 'unconfirmed' };
    }
    try {
      const departure = await this.#depart();
      if (departure.go === 'closed') await this.#release('not-sent');
      return departure;
    } catch (error) {
      await this.#release('not-sent');
      throw error;
    }
  }

  #depart(): Promise<Departure> {
    const { store, ledger } = this.#deps;
    return store.depart(
      this.#call,
      this.#runId,
      this.#endpoint.safeToRepeat,
      ledger.scriptArgs(this.#pair, this.#endpoint),
      this.#tokenMs,
    );
  }

  async #notPermitted(departure: NotDeparted): Promise<CallRunResult> {
    const { attempts, hasCallback, background, path } = this.#stored;
    switch (departure.go) {
      case 'gone':
      case 'settled':
        return { done: true, outcome: departure.go, attempts, hasCallback };
      case 'deadline':
        return this.#fail(this.#deadlinePassed());
      case 'claimed':
        if (departure.heldMs > 0) return { done: false, delayMs: departure.heldMs, until: 'again' };
        return this.#fail(runFailures.claimed);
      case 'closed':
        if (background) return this.#delay(departure.inMs, 'quota');
        return this.#fail(quotaClosed(path, departure.closedUntil));
      case 'unconfirmed':
        return this.#delay(UNCONFIRMED_RETRY_MS, 'again', 'replica');
      default:
        return departure satisfies never;
    }
  }

  async #judge(reply: WeChatReply, attempts: number): Promise<Verdict> {
    return judge(reply, {
      safeToRepeat: this.#endpoint.safeToRepeat,
      background: this.#stored.background,
      attempts,
      refusals: this.#refusals,
      path: this.#endpoint.path,
      tokenToBlame: this.#owner !== undefined && blamesToken(this.#owner, this.#endpoint),
      otherHostCan: await this.#otherHostCan(reply),
    });
  }

  /** What an answer shows about this host's address; true if WeChat refuses it and another process can send the call. */
  async #otherHostCan(reply: WeChatReply): Promise<boolean> {
    if (!this.#owner || reply.kind !== 'answered' || reply.answer.kind === 'broken') return false;
    const { component } = this.#call;
    if (reply.answer.kind === 'binary' || reply.answer.errcode !== ERRCODE.addressForbidden) {
      this.#deps.gate.open(component);
      return false;
    }
    this.#deps.gate.close(component, refusal(reply.answer, `calling ${this.#stored.path}`));
    return this.#deps.gate.othersCan(component).catch(() => false);
  }

  async #obey(verdict: Verdict, sent: Sent): Promise<CallRunResult | 'again'> {
    const { attempts } = sent.permit;
    switch (verdict.do) {
      case 'fail':
        return this.#fail(verdict.failure, attempts);
      case 'repeat':
        await this.#release('not-sent', retryOf(verdict));
        return this.#delay(verdict.afterMs, 'again');
      case 'next-token':
        this.#refusals++;
        // The endpoint would refuse the next token, too, so its answer goes to the caller.
        if (sent.kind === 'answered' && sent.refusedToken === 'kept') break;
        if (await this.#release('token-refused', retryOf(verdict))) return 'again';
        // Another run has given the call up meanwhile; so this refusal is its outcome.
        break;
      case 'await-quota':
        if (await this.#release('quota-refused', retryOf(verdict))) return this.#delay(QUOTA_RETRY_MS, 'quota');
        break;
      case 'answer':
        break;
      default:
        verdict satisfies never;
    }
    if (clearsQuotas(this.#stored.path) && sent.kind === 'answered' && sent.answer.kind === 'json') {
      const { errcode } = sent.answer;
      await untilStored(() => this.#deps.clears.recordClear(this.#call, errcode, this.#call.id));
    }
    // A missing mark costs a later call some waiting; WeChat's answer must neither be lost for it nor wait for it.
    if (this.#owner?.kind === 'authorizer') void this.#deps.refreshAhead.markUsed(this.#owner).catch(() => {});
    return this.#settle(completedBy(sent), attempts, sent);
  }

  /** Nothing was carried out. False where the call is no longer this run's. `retry`: it had departed, and is sent again. */
  async #release(because: ReleaseReason, retry?: Retry): Promise<boolean> {
    this.#known = { do: 'release', because, retry };
    const retried = retry && { result: this.#result ?? { ms: 0 }, retry };
    const released = await untilStored(() => this.#deps.store.release(this.#call, this.#runId, because, retried));
    this.#departed = false;
    this.#known = undefined;
    if (released) this.#result = undefined;
    return released;
  }

  async #delay(delayMs: number, until: 'quota' | 'token' | 'again', parkedFor?: ParkReason): Promise<CallRunResult> {
    const late = this.#stored.now + delayMs > this.#stored.deadlineAt;
    // A waiting caller receives this failure at once. Lanes keep deadlines themselves, and the cause of the delay may end sooner.
    if (late && !this.#stored.background) return this.#fail(this.#deadlinePassed());
    await this.#deps.store.delay(this.#call, delayMs, parkedFor ?? (until === 'again' ? undefined : until));
    return { done: false, delayMs, until };
  }

  #fail(failure: CallFailure, attempts = this.#stored.attempts): Promise<CallRunResult> {
    return this.#settle({ state: 'failed', failure }, attempts);
  }

  async #settle(outcome: Outcome, attempts: number, reply?: WeChatReply): Promise<CallRunResult> {
    this.#known = { do: 'settle', outcome, attempts, reply };
    await this.#rememberUserToken(reply);
    const how = await untilStored(() => this.#deps.store.settle(this.#call, this.#runId, outcome, this.#result));
    const code = outcome.state === 'failed' ? outcome.failure.code : 'completed';
    const { errcode, rid } = outcome.state === 'failed' ? outcome.failure : outcome;
    return {
      done: true,
      outcome: how === 'superseded' ? 'settled_before' : code,
      ...(errcode === undefined ? {} : { errcode }),
      attempts,
      hasCallback: this.#stored.hasCallback,
      ...(how === 'superseded' ? {} : { settled: this.#settledCall(rid) }),
      ...(how === 'corrected' ? { corrected: true } : {}),
    };
  }

  #timed(wechatMs: number): void {
    this.#departedAfterMs ??= performance.now() - wechatMs - this.#startedAt;
    this.#wechatMs = (this.#wechatMs ?? 0) + wechatMs;
  }

  #settledCall(rid: string | undefined): SettledCall {
    const { path, background, waitedMs, keyId } = this.#stored;
    const { component, appid } = this.#call;
    const totalMs = waitedMs + performance.now() - this.#startedAt;
    return {
      component,
      appid,
      path,
      isBackground: background,
      rid,
      queueMs: this.#departedAfterMs === undefined ? totalMs : waitedMs + this.#departedAfterMs,
      wechatMs: this.#wechatMs,
      totalMs,
      key: keyId,
    };
  }

  /** Before the caller has it, because the next request may come at once, and to another process. Without it the user logs in again. */
  async #rememberUserToken(reply: WeChatReply | undefined): Promise<void> {
    const { keyFingerprint } = this.#stored;
    if (keyFingerprint === undefined || reply?.kind !== 'answered' || reply.answer.kind !== 'json') return;
    const issued = issuedUserToken(reply.answer.value);
    if (issued === undefined) return;
    const { component, appid } = this.#call;
    await this.#deps.userTokens.remember(issued, { component, appid, keyFingerprint }).catch(() => {});
  }

  /** A call that is safe to repeat may have been sent by a run whose answer is not known. */
  #deadlinePassed(): CallFailure {
    const mayHaveBeenSent = this.#stored.attempts > 0 && this.#endpoint.safeToRepeat;
    return mayHaveBeenSent ? runFailures.answerTooLate : runFailures.deadlinePassed;
  }
}

function knownBy(verdict: Verdict, attempts: number, reply: WeChatReply): Known {
  switch (verdict.do) {
    case 'answer':
      return { do: 'settle', outcome: completedBy(reply), attempts, reply };
    case 'fail':
      return { do: 'settle', outcome: { state: 'failed', failure: verdict.failure }, attempts, reply };
    case 'repeat':
      return { do: 'release', because: 'not-sent', retry: retryOf(verdict) };
    case 'next-token':
      return { do: 'release', because: 'token-refused', retry: retryOf(verdict) };
    case 'await-quota':
      return { do: 'release', because: 'quota-refused', retry: retryOf(verdict) };
    default:
      return verdict satisfies never;
  }
}

function retryOf(verdict: Extract<Verdict, { do: 'repeat' | 'next-token' | 'await-quota' }>): Retry {
  switch (verdict.do) {
    case 'repeat':
      return { reason: 'transient', afterMs: verdict.afterMs };
    case 'next-token':
      return { reason: 'token_refused', afterMs: 0 };
    case 'await-quota':
      return { reason: 'quota_refused', afterMs: QUOTA_RETRY_MS };
    default:
      return verdict satisfies never;
  }
}

function resultOf(reply: WeChatReply, ms: number): AttemptResult {
  if (reply.kind === 'unanswered') return { ms, code: reply.failure.code };
  const { answer, response } = reply;
  const { status } = response;
  switch (answer.kind) {
    case 'json':
      return { ms, status, errcode: answer.errcode, rid: answer.rid };
    case 'binary':
      return { ms, status };
    case 'broken':
      return { ms, status, code: 'wechat_broken_answer' };
    default:
      return answer satisfies never;
  }
}

/** For replies that `judge` passes on, which are answers. */
function completedBy(reply: WeChatReply): Outcome {
  if (reply.kind === 'unanswered') throw reply.failure;
  const { answer } = reply;
  const { status, headers, body } = reply.response;
  const passedOn = PASSED_ON_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
  const response = { status, headers: Object.fromEntries(passedOn), body };
  return answer.kind === 'json'
    ? { state: 'completed', response, errcode: answer.errcode, rid: answer.rid }
    : { state: 'completed', response };
}
