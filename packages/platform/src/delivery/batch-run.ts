import type { Sql } from '../database/open.ts';
import type { Events } from '../events.ts';
import type { OpenedPush } from '../journal/opened-push.ts';
import type { Reply } from '../reply/reply.ts';
import type { ReplyType } from '../reply/reply-limits.ts';
import type { Seals } from '../sealing/seals.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { SubscriptionStore } from '../subscription/subscription-store.ts';
import type { OutboundResult } from '../webhook/outbound-request.ts';
import { type AttemptOutcome, type EndedAttempt, readAttempt } from './attempt.ts';
import { type AttemptInRow, opensCircuit, type SlowStart } from './circuit.ts';
import type { Circuits } from './circuits.ts';
import type { DeliveryStore, DueDelivery } from './delivery-store.ts';
import { sealFailures } from './failures.ts';
import { MAX_ANSWER_BYTES } from './format/read-answer.ts';
import { newsOf } from './health-steps.ts';
import { excerptOf, type Judgement, judgeAttempt, notOpenable } from './judge-attempt.ts';
import { type LoadedPush, loadPushes } from './load-pushes.ts';
import { readLateReply } from './read-late-reply.ts';
import { giveUpAfterMsOf } from './retry-plan.ts';
import { type SendingParts, sendAttempt } from './send-attempt.ts';
import type { SettleBatch } from './settle-batch.ts';
import type { DeliveryReply } from './settle-steps.ts';

/** Rows that are read at once. */
const MAX_READ = 200;
/** Then the subscription's job goes to the tail of the queue. */
const MAX_BATCH_MS = 2_000;
const MAX_DELIVERIES = 500;
/** A request that takes longer does not keep other deliveries from being sent meanwhile. */
const SLOW_REQUEST_MS = 500;
/** How often a batch that waits for slow requests checks for what has become due. */
const CHECK_INTERVAL_MS = 200;
const MIN_READ_INTERVAL_MS = 20;
/** Sent, but not stored yet: more only if the database is slow. */
const MAX_UNSETTLED = 1_000;
/** Of an answer that is no reply, only an excerpt of a refusal is kept. */
const EXCERPT_BYTES = 1_024;

/** Sends a reply that comes too late for WeChat's connection. It is called before the delivery is settled, and may be repeated. */
export interface LateReplies {
  enqueue(late: {
    readonly component: string;
    readonly push: string;
    readonly subscription: string;
    readonly reply: Reply;
  }): Promise<void>;
}

export interface RunParts extends SendingParts {
  readonly sql: Sql;
  readonly seals: Seals;
  readonly events: Events;
  readonly subscriptions: Pick<SubscriptionStore, 'find'>;
  readonly store: DeliveryStore;
  readonly settles: SettleBatch;
  readonly circuits: Circuits;
  readonly lateReplies: LateReplies;
  /** What WeChat accepts as a reply to this type of push. */
  readonly replyTypesOf: (type: string) => readonly ReplyType[];
  /** How long pushes are kept. */
  readonly retentionMs: number;
}

/** Why a batch starts nothing more. */
export type Stop = 'aborted' | 'held' | 'gone' | 'failing';

/** `nothing`: no delivery is due. `not_sent`: it cannot be sent, and is dead. */
export type ProbeResult = 'answered' | 'failed' | 'gone' | 'aborted' | 'nothing' | 'not_sent';

type Loaded = LoadedPush<DueDelivery>;

/** Sends due deliveries of one subscription, at most `maxInFlight` at once, and has each outcome stored. */
export class BatchRun {
  readonly #parts: RunParts;
  readonly #slowStart: SlowStart;
  readonly #signal: AbortSignal;
  #subscription: Subscription;
  #queue: Loaded[] = [];
  /** Pushes that are in flight or not stored yet. */
  readonly #active = new Set<string>();
  #inFlight = 0;
  #stop: Stop | undefined;
  /** The first error that prevents the batch from storing outcomes. */
  #failure: { readonly error: unknown } | undefined;
  /** Counted failed attempts since the last success of this batch, the newest first. */
  #row: AttemptInRow[] = [];
  #heldUntil: Date | null = null;
  #progress = Promise.withResolvers<void>();
  #foundNothingAt = Number.NEGATIVE_INFINITY;

  constructor(parts: RunParts, subscription: Subscription, slowStart: SlowStart, signal: AbortSignal) {
    this.#parts = parts;
    this.#subscription = subscription;
    this.#slowStart = slowStart;
    this.#signal = signal;
  }

  get heldUntil(): Date | null {
    return this.#heldUntil;
  }

  /** Undefined: nothing more is due. `more`: the batch has had its share. */
  async sendAll(): Promise<Stop | 'more' | undefined> {
    const result = await this.#sendUntilStopped();
    await this.#idle();
    if (this.#failure) throw this.#failure.error;
    return this.#stop ?? result;
  }

  /** The first due delivery. */
  async sendOne(): Promise<ProbeResult> {
    const [first] = await this.#read(1);
    if (!first) return 'nothing';
    const outcome = await this.#attempt(first);
    await this.#idle();
    if (this.#failure) throw this.#failure.error;
    if (outcome === 'not_sent') return 'not_sent';
    switch (outcome.kind) {
      case 'aborted':
        return 'aborted';
      case 'delivered':
        return 'answered';
      case 'failed':
        if (outcome.code === 'gone') return 'gone';
        // The program answers; it only has no handler for this type.
        return outcome.notHandled ? 'answered' : 'failed';
      default:
        return outcome satisfies never;
    }
  }

  async #sendUntilStopped(): Promise<'more' | undefined> {
    let endsAt = performance.now() + MAX_BATCH_MS;
    let started = 0;
    for (;;) {
      if (this.#signal.aborted) this.#stop ??= 'aborted';
      if (this.#stop || this.#failure) return undefined;
      if (performance.now() >= endsAt || started >= MAX_DELIVERIES) {
        if (await this.#endsSoon()) return 'more';
        if (!(await this.#refresh())) return 'more';
        [endsAt, started] = [performance.now() + MAX_BATCH_MS, 0];
        continue;
      }
      if (
        this.#inFlight >= this.#slowStart.limit(this.#subscription.maxInFlight) ||
        this.#active.size > MAX_UNSETTLED
      ) {
        await this.#progressed();
        continue;
      }
      if (this.#queue.length === 0) this.#queue = await this.#readAtIntervals();
      const next = this.#queue.shift();
      if (next) {
        started++;
        void this.#attempt(next);
      } else if (this.#active.size === 0) {
        return undefined;
      } else {
        // Nothing more to send now, so the outcomes need not wait for others.
        if (this.#inFlight === 0) this.#parts.settles.flush();
        await this.#progressed();
      }
    }
  }

  /** Waits until nothing is in flight, but not for slow requests. */
  async #endsSoon(): Promise<boolean> {
    const until = performance.now() + SLOW_REQUEST_MS;
    while (this.#inFlight > 0) {
      if (performance.now() >= until) return false;
      await this.#progressed();
    }
    return true;
  }

  /** Reads the subscription again, as each batch does at its start. False: its deliveries may not be sent now. */
  async #refresh(): Promise<boolean> {
    const found = await this.#parts.subscriptions.find(this.#subscription.id);
    if (found?.state !== 'active') return false;
    this.#subscription = found;
    return true;
  }

  /** Waits until nothing is in flight and all outcomes are stored. */
  async #idle(): Promise<void> {
    while (this.#active.size > 0) {
      if (this.#inFlight === 0) this.#parts.settles.flush();
      await this.#progress.promise;
    }
  }

  /** Waits for the next answer or stored outcome, but not longer than the interval. */
  async #progressed(): Promise<void> {
    const timer = setTimeout(() => this.#signalProgress(), CHECK_INTERVAL_MS);
    await this.#progress.promise;
    clearTimeout(timer);
  }

  /** Where nothing was found a moment ago, not again after each answer. */
  async #readAtIntervals(): Promise<Loaded[]> {
    if (this.#active.size > 0 && performance.now() - this.#foundNothingAt < MIN_READ_INTERVAL_MS) return [];
    const read = await this.#read(MAX_READ);
    if (read.length === 0) this.#foundNothingAt = performance.now();
    return read;
  }

  async #read(limit: number): Promise<Loaded[]> {
    const { sql, seals, store } = this.#parts;
    // What is in flight is still due. As it is now: an outcome that is stored during the query may be missing in its result.
    const active = new Set(this.#active);
    const due = await store.due(this.#subscription.id, new Date(), limit + active.size);
    const others = due.filter(({ push }) => !active.has(push)).slice(0, limit);
    return others.length === 0 ? [] : loadPushes(sql, seals, others);
  }

  /** Never rejects. The outcome is stored later. */
  async #attempt({ reference: delivery, push }: Loaded): Promise<AttemptOutcome | 'not_sent'> {
    this.#active.add(delivery.push);
    this.#inFlight++;
    try {
      return await this.#send(delivery, push);
    } catch (error) {
      this.#fail(error);
      this.#end(delivery.push);
      return { kind: 'aborted' };
    } finally {
      this.#inFlight--;
      this.#signalProgress();
    }
  }

  async #send(delivery: DueDelivery, push: OpenedPush | null): Promise<AttemptOutcome | 'not_sent'> {
    const subscription = this.#subscription;
    const { attemptCount, replay, isAsked, type } = delivery;
    const at = new Date();
    const terms = { number: attemptCount + 1, at, replay: replay ?? undefined };
    const limits = { maxAnswerBytes: isAsked ? MAX_ANSWER_BYTES : EXCERPT_BYTES, signal: this.#signal };
    const sent = push && (await sendAttempt(this.#parts, subscription, push, terms, limits));
    if (sent === null || 'notSent' in sent) {
      void this.#store(delivery, notOpenable, { at });
      return 'not_sent';
    }
    const endedAt = new Date();
    const outcome = readAttempt(sent.result, { format: subscription.format, type, now: endedAt });
    if (outcome.kind === 'aborted') {
      this.#stop ??= 'aborted';
      this.#end(delivery.push);
    } else {
      this.#learn(delivery, outcome, endedAt);
      void this.#settle(subscription, delivery, outcome, sent.result, endedAt);
    }
    return outcome;
  }

  async #settle(
    subscription: Subscription,
    delivery: DueDelivery,
    outcome: EndedAttempt,
    result: OutboundResult,
    at: Date,
  ): Promise<void> {
    const answer = result.kind === 'answered' ? excerptOf(result.body) : null;
    const giveUpAfterMs = giveUpAfterMsOf(subscription.giveUpAfterMs, this.#parts.retentionMs);
    const judged = judgeAttempt(delivery, outcome, { at, giveUpAfterMs, answer });
    try {
      const isAnswer = delivery.isAsked && outcome.kind === 'delivered' && result.kind === 'answered';
      const late = isAnswer ? await this.#lateReply(subscription, delivery, result) : undefined;
      await this.#store(delivery, judged, { at, reply: late?.reply, isLate: late?.isLate, outcome });
    } catch (error) {
      // Sent again later, rather than settled without its reply.
      this.#fail(error);
      this.#end(delivery.push);
    }
  }

  async #lateReply(
    subscription: Subscription,
    delivery: DueDelivery,
    result: Extract<OutboundResult, { kind: 'answered' }>,
  ): Promise<{ readonly reply: DeliveryReply | undefined; readonly isLate: boolean } | undefined> {
    const { lateReplies, replyTypesOf } = this.#parts;
    const late = readLateReply(subscription, delivery, result, replyTypesOf(delivery.type));
    switch (late.kind) {
      case 'final':
        this.#publishUnsent(delivery, late.reply);
        return { reply: late.reply, isLate: false };
      case 'later':
        return undefined;
      case 'late': {
        const { component, push } = delivery;
        await lateReplies.enqueue({ component, push, subscription: subscription.id, reply: late.reply });
        return { reply: undefined, isLate: true };
      }
      default:
        return late satisfies never;
    }
  }

  /** What the outcome means for the following ones. */
  #learn({ push }: DueDelivery, outcome: EndedAttempt, at: Date): void {
    if (outcome.kind === 'delivered') {
      this.#slowStart.succeeded();
      this.#row = [];
      return;
    }
    const { code, holdMs, counts, unconnected } = outcome;
    if (code === 'gone') this.#stop ??= 'gone';
    if (holdMs !== null) {
      this.#heldUntil = later(this.#heldUntil, new Date(at.getTime() + holdMs));
      this.#stop ??= 'held';
    }
    if (!counts) return;
    this.#row.unshift({ push, unconnected });
    // Before the outcomes are stored: the others must lose no attempt.
    if (opensCircuit(this.#row)) this.#stop ??= 'failing';
  }

  /** Without an outcome no attempt was made. */
  async #store(
    delivery: DueDelivery,
    judged: Judgement,
    {
      at,
      reply,
      isLate = false,
      outcome,
    }: { at: Date; reply?: DeliveryReply | undefined; isLate?: boolean | undefined; outcome?: EndedAttempt },
  ): Promise<void> {
    const { settles, seals, circuits } = this.#parts;
    const { subscription, push, attemptCount: attempts } = delivery;
    const { failures, ...changes } = judged;
    const failuresSealed = failures && sealFailures(seals, delivery, failures);
    const news = outcome && newsOf(subscription, judged, outcome, at);
    const isAttempt = outcome !== undefined;
    this.#publish(delivery, judged, at, isLate);
    try {
      await settles.add({ subscription, push, attempts, isAttempt, ...changes, failuresSealed, reply, at }, news);
      if (news?.counts && (await circuits.check(subscription, this.#row)) !== 'active') this.#stop ??= 'failing';
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#end(push);
    }
  }

  #publishUnsent({ component, push }: DueDelivery, { state, reason }: DeliveryReply): void {
    if (state !== 'invalid' && state !== 'dropped') return;
    this.#parts.events.publish('reply', { component, push, kind: 'late', result: reason ?? state });
  }

  #publish(delivery: DueDelivery, { state, status, code, ms }: Judgement, at: Date, isLate: boolean): void {
    const { subscription, component, push, attemptCount, seq } = delivery;
    this.#parts.events.publish('delivery', {
      subscription,
      component,
      push,
      result: state === 'pending' ? 'failed' : state,
      status,
      code,
      ms,
      lagMs: at.getTime() - Math.floor(seq / 1_000),
      attempt: attemptCount + 1,
      reply: isLate ? 'late' : undefined,
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  #end(push: string): void {
    this.#active.delete(push);
    this.#signalProgress();
  }

  #signalProgress(): void {
    const { resolve } = this.#progress;
    this.#progress = Promise.withResolvers();
    resolve();
  }
}

function later(a: Date | null, b: Date): Date {
  return a !== null && a > b ? a : b;
}
