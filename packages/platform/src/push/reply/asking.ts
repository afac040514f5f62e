import { randomUUID } from 'node:crypto';
import { withDeadline } from '../../deadline.ts';
import type { AskedOutcome } from '../../delivery/asked-outcome.ts';
import type { ReadAnswer } from '../../delivery/format/read-answer.ts';
import { entryFields, outcomePlace } from '../../journal/stream-entry.ts';
import type { RedisClient } from '../../redis/connect.ts';
import type { Hints } from '../../redis/hints.ts';
import type { Reply } from '../../reply/reply.ts';
import { faultOf } from '../../reply/reply-limits.ts';
import type { Seals } from '../../sealing/seals.ts';
import { type AskedPush, fallbackOf, type PassiveAnswer } from './asked-push.ts';
import { type KeptReplies, keptReplies } from './kept-reply.ts';
import type { LateReply } from './late-reply.ts';
import type { RepeatedWrites } from './repeated-writes.ts';
import { type ReplyRecord, ReplyRecords } from './reply-record.ts';

const RENEW_INTERVAL_MS = 1_000;
/** An announcement comes earlier, unless it was lost. */
const READ_INTERVAL_MS = 250;
/** WeChat does not wait longer for Redis. */
const CONFIRM_TIMEOUT_MS = 200;

/** What came of one request to a receiver. */
export interface ReceiverAnswer {
  /** When it was sent (ms). */
  readonly at: number;
  /** Null: this process aborted it, so it is no attempt. */
  readonly attempt: NonNullable<AskedOutcome['attempt']> | null;
  /** Null: it was not answered 2xx. */
  readonly answer: ReadAnswer | null;
  /** The receiver has no handler for this type; then its user gets no fallback. */
  readonly isNotHandled: boolean;
}

export interface AskingParts {
  /** Fail-fast: WeChat waits. */
  readonly redis: RedisClient;
  readonly seals: Seals;
  readonly hints: Hints;
  /** Never rejects. */
  readonly askReceiver: (asked: AskedPush, replyBefore: Date, signal: AbortSignal) => Promise<ReceiverAnswer>;
  /** Safe to repeat. */
  readonly enqueueLate: (reply: LateReply) => Promise<void>;
  readonly writes: RepeatedWrites;
}

/** Gives a slot back; undefined: there is none. */
export type AskSlot = (() => void) | undefined;

/** What the waiting ends with. */
type Ended =
  | { readonly kind: 'received'; readonly received: ReceiverAnswer }
  /** Another process has ended the record. */
  | { readonly kind: 'record' }
  | { readonly kind: 'time' };

/**
 * Asks the receiver of a push for the reply while WeChat waits. What WeChat is answered is decided in the push's record, so
 * that several gateways give the same answer, and a reply is passive or late and never both.
 */
export class Asking {
  /** Names this process in the records. */
  readonly owner = randomUUID();
  readonly #parts: AskingParts;
  readonly #records: ReplyRecords;
  readonly #kept: KeptReplies;
  /** Pushes whose record this process keeps open. */
  readonly #held = new Set<string>();
  readonly #announced = new Map<string, Set<() => void>>();
  readonly #running = new Set<Promise<void>>();
  readonly #shutdown = new AbortController();
  readonly #stopListening: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(parts: AskingParts) {
    this.#parts = parts;
    this.#records = new ReplyRecords(parts.redis);
    this.#kept = keptReplies(parts.seals);
    this.#stopListening = parts.hints.on(parts.hints.channels.pushReplies, (id) => {
      for (const wake of this.#announced.get(id) ?? []) wake();
    });
    this.#timer = setInterval(() => this.#renew(), RENEW_INTERVAL_MS);
    this.#timer.unref();
  }

  /** For a push that WeChat delivers again: the kept answer, or the one for which another gateway waits. */
  async redelivered(asked: AskedPush, record: ReplyRecord | undefined, slot: () => AskSlot): Promise<PassiveAnswer> {
    const { id } = asked.push;
    const until = performance.now() + budgetMsOf(asked);
    for (let current = record; ; ) {
      switch (current?.state) {
        case undefined:
        case 'closed':
          return fallbackOf(asked);
        case 'answered':
          return this.keptAnswer(id, current);
        case 'open':
          break;
        default:
          return current satisfies never;
      }
      if (current.isAbandoned && (await this.#records.takeOver(id, this.owner))) {
        const release = slot();
        // Without a slot the record stays open until its time is over; a worker sends the push again.
        return release ? this.ask(asked, release) : fallbackOf(asked);
      }
      const remainingMs = until - performance.now();
      if (remainingMs <= 0) return fallbackOf(asked);
      await this.#nextNews(id, Math.min(READ_INTERVAL_MS, remainingMs));
      current = await this.#records.read(id);
    }
  }

  keptAnswer(id: string, { reply }: Extract<ReplyRecord, { state: 'answered' }>): PassiveAnswer {
    return this.#kept.open(id, reply);
  }

  /** Ends the waiting for late replies; a worker sends those pushes again. Answers that WeChat waits for come first. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#shutdown.abort();
    await Promise.all(this.#running);
    this.#stopListening();
  }

  /**
   * For a push whose record this process owns. `release` is called once the receiver is no longer waited for, which may be
   * after WeChat has its answer.
   */
  async ask(asked: AskedPush, release: () => void): Promise<PassiveAnswer> {
    const { id } = asked.push;
    const budgetMs = budgetMsOf(asked);
    const replyBefore = new Date(Date.now() + budgetMs);
    const received = this.#parts.askReceiver(asked, replyBefore, this.#shutdown.signal).finally(release);
    const time = endOf(budgetMs);
    this.#held.add(id);
    try {
      const first = await Promise.race([received.then(asReceived), this.#recordNews(id, undefined), time.reached]);
      if (first.kind !== 'received') return await this.#endWithout(asked, received);
      const answer = await this.#takeIn(asked, first.received);
      if (answer !== 'wait') return answer.reply;
      for (;;) {
        const next = await Promise.race([this.#recordNews(id, READ_INTERVAL_MS), time.reached]);
        if (next.kind === 'time' || (await this.#isEnded(id))) return answerOf(asked, await this.#close(asked));
      }
    } finally {
      time.clear();
      this.#held.delete(id);
      this.#announced.delete(id);
    }
  }

  /** The receiver's answer came in time. `wait`: the reply is to come by a request to our API. */
  async #takeIn(asked: AskedPush, received: ReceiverAnswer): Promise<'wait' | { readonly reply: PassiveAnswer }> {
    const { answer, attempt } = received;
    if (attempt === null) return { reply: undefined };
    if (answer === null) {
      const kept = await this.#close(asked);
      this.#report(asked, received, null);
      return { reply: received.isNotHandled ? kept?.reply : answerOf(asked, kept) };
    }
    switch (answer.kind) {
      case 'later':
        this.#report(asked, received, null);
        return 'wait';
      case 'none':
        return { reply: await this.#store(asked, received, undefined) };
      case 'reply':
        if (faultOf(answer.reply, asked.passive) === undefined) {
          return { reply: await this.#store(asked, received, answer.reply) };
        }
        return { reply: await this.#endWithout(asked, Promise.resolve(received)) };
      case 'invalid': {
        const kept = await this.#close(asked);
        this.#report(asked, received, { state: 'invalid', reason: answer.reason });
        return { reply: answerOf(asked, kept) };
      }
      default:
        return answer satisfies never;
    }
  }

  /** Stores, then sends: what WeChat is answered is what redeliveries get. If Redis does not confirm, it is sent all the same. */
  async #store(asked: AskedPush, received: ReceiverAnswer, reply: PassiveAnswer): Promise<PassiveAnswer> {
    const { id } = asked.push;
    const sealed = reply === undefined ? '' : this.#kept.seal(id, reply);
    const outcome = reply === undefined ? 'none' : 'passive';
    const entry = this.#entry(asked, received, { state: outcome, reason: null });
    const write = () => this.#records.store(id, { by: 'owner', owner: this.owner }, sealed, entry);
    const stored = await confirmed(write());
    if (stored === undefined) {
      // Safe to repeat: a record that has this very reply counts as stored.
      this.#parts.writes.repeat(async () => void (await write()));
      return reply;
    }
    switch (stored.outcome) {
      case 'stored':
        return reply;
      case 'answered': {
        const other = this.#kept.open(id, stored.reply);
        this.#report(asked, received, reply === undefined ? { state: 'none', reason: null } : alreadyReplied);
        return other;
      }
      case 'closed':
        this.#takeLate(asked, received);
        return fallbackOf(asked);
      case 'not-held':
        // Another gateway has taken over and asks again; this answer counts for nothing.
        return undefined;
      default:
        return stored satisfies never;
    }
  }

  /** WeChat cannot wait longer, or gets what another process has stored. The receiver's answer is late. */
  async #endWithout(asked: AskedPush, received: Promise<ReceiverAnswer>): Promise<PassiveAnswer> {
    const kept = await this.#close(asked);
    const late = received.then((answer) => {
      if (kept === undefined) this.#takeLate(asked, answer);
      else if (answer.attempt !== null) this.#report(asked, answer, replyOf(answer) ? alreadyReplied : stateOf(answer));
    });
    this.#running.add(late);
    void late.finally(() => this.#running.delete(late));
    return answerOf(asked, kept);
  }

  /** Ends the record; what was stored before, if anything was. */
  async #close({ push: { id } }: AskedPush): Promise<KeptAnswer | undefined> {
    this.#held.delete(id);
    const closed = await confirmed(this.#records.close(id, this.owner));
    return closed?.outcome === 'answered' ? { reply: this.#kept.open(id, closed.reply) } : undefined;
  }

  #takeLate(asked: AskedPush, received: ReceiverAnswer): void {
    if (received.attempt === null) return;
    const reply = replyOf(received);
    if (reply === undefined) {
      this.#report(asked, received, stateOf(received));
      return;
    }
    if (asked.subscription.reply.late === null) {
      this.#report(asked, received, { state: 'dropped', reason: 'late_disabled' });
      return;
    }
    const { component, id: push } = asked.push;
    const entry = this.#entry(asked, received, null);
    this.#parts.writes.add(async () => {
      // Before the delivery is settled: if this process dies in between, a worker sends the push again.
      await this.#parts.enqueueLate({ component, push, subscription: asked.subscription.id, reply });
      await this.#append(entry);
    });
  }

  #report(asked: AskedPush, received: ReceiverAnswer, reply: AskedOutcome['reply']): void {
    const entry = this.#entry(asked, received, reply);
    this.#parts.writes.add(() => this.#append(entry));
  }

  #entry({ push, subscription }: AskedPush, { at, attempt }: ReceiverAnswer, reply: AskedOutcome['reply']): string[] {
    const { component, appid, id } = push;
    const outcome: AskedOutcome = { at, attempt, reply };
    const place = outcomePlace(component, id, subscription.id);
    const sealed = this.#parts.seals.sealBytes(Buffer.from(JSON.stringify(outcome)), place);
    return entryFields({ kind: 'outcome', component, appid, push: id, subscription: subscription.id, sealed });
  }

  async #append(entry: readonly string[]): Promise<void> {
    const { redis } = this.#parts;
    await redis.xadd(redis.keyspace.pushStream, '*', ...entry);
  }

  async #isEnded(id: string): Promise<boolean> {
    const record = await this.#records.read(id).catch(() => undefined);
    return record !== undefined && record.state !== 'open';
  }

  async #recordNews(id: string, atMostMs: number | undefined): Promise<Ended> {
    await this.#nextNews(id, atMostMs);
    return { kind: 'record' };
  }

  /** Resolves when the record's end is announced, or after `atMostMs`. */
  #nextNews(id: string, atMostMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#announced.get(id) ?? new Set();
      this.#announced.set(id, waiting);
      const timer = atMostMs === undefined ? undefined : setTimeout(() => wake(), atMostMs);
      const wake = () => {
        clearTimeout(timer);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#announced.get(id) === waiting) this.#announced.delete(id);
        resolve();
      };
      waiting.add(wake);
    });
  }

  #renew(): void {
    if (this.#held.size === 0) return;
    this.#records.renew([...this.#held], this.owner).catch(() => {});
  }
}

/** What a record was answered with; a receiver may have answered without a reply. */
interface KeptAnswer {
  readonly reply: PassiveAnswer;
}

function answerOf(asked: AskedPush, kept: KeptAnswer | undefined): PassiveAnswer {
  return kept ? kept.reply : fallbackOf(asked);
}

const alreadyReplied = { state: 'dropped', reason: 'already_replied' } as const;

function replyOf({ answer }: ReceiverAnswer): Reply | undefined {
  return answer?.kind === 'reply' ? answer.reply : undefined;
}

/** Of an answer without a reply. */
function stateOf({ answer }: ReceiverAnswer): AskedOutcome['reply'] {
  if (answer?.kind === 'none') return { state: 'none', reason: null };
  return answer?.kind === 'invalid' ? { state: 'invalid', reason: answer.reason } : null;
}

function asReceived(received: ReceiverAnswer): Ended {
  return { kind: 'received', received };
}

function budgetMsOf({ subscription, answerBy }: AskedPush): number {
  return Math.max(0, Math.min(subscription.reply.waitMs, answerBy - performance.now()));
}

function endOf(ms: number): { readonly reached: Promise<Ended>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const reached = new Promise<Ended>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'time' }), ms);
  });
  return { reached, clear: () => clearTimeout(timer) };
}

/** Undefined: Redis did not confirm it in time; it may have been done. */
async function confirmed<T>(written: Promise<T>): Promise<T | undefined> {
  const late = () => new Error('not confirmed in time');
  return withDeadline(written, CONFIRM_TIMEOUT_MS, late).catch(() => undefined);
}
