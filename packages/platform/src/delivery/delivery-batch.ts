import type { JobDisposition } from '../queue/job.ts';
import type { Subscription } from '../subscription/subscription.ts';
import { BatchRun, type RunParts } from './batch-run.ts';
import { failsTooLong, SlowStart } from './circuit.ts';
import type { DueSubscriptions } from './due-subscriptions.ts';
import type { SubscriptionPauses } from './subscription-pauses.ts';

/** A claimed probe belongs to its batch for its timeout and this time. */
const PROBE_MARGIN_MS = 5_000;

/** Tickets of format `wechat-component`. */
export interface Tickets {
  /** Sends the ticket if its time has come, and returns when the next one is due; null: never. */
  sendIfDue(subscription: Subscription, signal: AbortSignal): Promise<Date | null>;
}

export interface BatchParts extends RunParts {
  readonly due: DueSubscriptions;
  readonly pauses: Pick<SubscriptionPauses, 'pauseAutomatically'>;
  readonly tickets: Tickets;
}

/** When the next batch of a subscription is due; null: nothing is pending. `now`: at once. */
type NextBatch = Date | null | 'now';

/**
 * Sends the due deliveries of one subscription. Whatever it does may be interrupted or done twice: each outcome is stored by
 * compare-and-set, and what is not stored is due again.
 */
export class DeliveryBatches {
  readonly #parts: BatchParts;
  /** Of subscriptions whose circuit has closed lately, in this process. */
  readonly #slowStarts = new Map<string, SlowStart>();

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  async run(id: string, signal: AbortSignal): Promise<JobDisposition> {
    const { subscriptions, due, tickets } = this.#parts;
    const subscription = await subscriptions.find(id);
    if (!subscription || subscription.state === 'paused') {
      this.#slowStarts.delete(id);
      await due.schedule(id, null);
      return undefined;
    }
    const isFailing = subscription.state === 'failing';
    const [next, ticketAt] = await Promise.all([
      this.#send(subscription, signal),
      isFailing ? null : tickets.sendIfDue(subscription, signal),
    ]);
    // To the tail of the queue.
    if (next === 'now') return { requeue: true };
    const recovered = isFailing ? await subscriptions.find(id) : undefined;
    const active = recovered?.state === 'active' ? await tickets.sendIfDue(recovered, signal) : ticketAt;
    await due.schedule(id, earlier(next, active));
    return undefined;
  }

  async #send(subscription: Subscription, signal: AbortSignal): Promise<NextBatch> {
    const { holdUntil, state } = subscription;
    if (signal.aborted) return 'now';
    if (holdUntil && holdUntil.getTime() > Date.now()) return holdUntil;
    if (state === 'failing') {
      const probed = await this.#probe(subscription, signal);
      if (probed !== 'answered') return probed;
    }
    return this.#sendAll(subscription, signal);
  }

  async #sendAll(subscription: Subscription, signal: AbortSignal): Promise<NextBatch> {
    const { store, subscriptions, pauses } = this.#parts;
    const { id, maxInFlight } = subscription;
    const slowStart = this.#slowStarts.get(id) ?? new SlowStart();
    const stop = await new BatchRun(this.#parts, subscription, slowStart, signal).sendAll();
    if (slowStart.limit(maxInFlight) === maxInFlight) this.#slowStarts.delete(id);
    switch (stop) {
      case 'gone':
        await pauses.pauseAutomatically(id, 'gone');
        return null;
      case 'aborted':
      case 'more':
        return 'now';
      case 'failing':
      case 'held': {
        const changed = await subscriptions.find(id);
        if (!changed) return null;
        return later(changed.holdUntil, changed.probeAt) ?? 'now';
      }
      case undefined:
        return store.nextDueAt(id);
      default:
        return stop satisfies never;
    }
  }

  /** One delivery, to find out whether the receiver answers again; the others wait and lose no attempt. */
  async #probe(subscription: Subscription, signal: AbortSignal): Promise<NextBatch | 'answered'> {
    const { circuits, pauses, store } = this.#parts;
    const { id, probeAt, timeoutMs } = subscription;
    const now = new Date();
    const failingSince = subscription.failingSince ?? now;
    if (failsTooLong(failingSince, now)) {
      await pauses.pauseAutomatically(id, 'failing_too_long');
      return null;
    }
    if (probeAt && probeAt > now) return probeAt;
    const nextDueAt = await store.nextDueAt(id);
    if (nextDueAt === null) {
      await circuits.close(id);
      return null;
    }
    if (nextDueAt > now) return nextDueAt;
    const claimedUntil = new Date(now.getTime() + timeoutMs + PROBE_MARGIN_MS);
    if (!(await circuits.claimProbe(id, probeAt, claimedUntil))) return claimedUntil;
    const run = new BatchRun(this.#parts, subscription, new SlowStart(), signal);
    const result = await run.sendOne();
    switch (result) {
      case 'answered': {
        await circuits.close(id);
        const slowStart = new SlowStart();
        slowStart.restart();
        this.#slowStarts.set(id, slowStart);
        return 'answered';
      }
      case 'failed':
        return later(await circuits.probeFailed(id, failingSince, new Date()), run.heldUntil);
      case 'gone':
        await pauses.pauseAutomatically(id, 'gone');
        return null;
      case 'aborted':
      case 'nothing':
      case 'not_sent':
        await circuits.postponeProbe(id, now);
        return 'now';
      default:
        return result satisfies never;
    }
  }
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function later(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
