import type { Sql } from '../database/open.ts';
import type { Events } from '../events.ts';
import { isFromWeChat } from '../journal/push-data.ts';
import type { SubscriptionFormat, SubscriptionState } from '../subscription/subscription.ts';
import { nextChange } from '../subscription/subscription-store.ts';
import { isNotHandled, isUnconnected } from './attempt.ts';
import { type AttemptInRow, FAILURES_TO_OPEN, opensCircuit, probeDelayMs } from './circuit.ts';
import { ticketAtOnce } from './component-tickets.ts';
import type { DeliveryStore } from './delivery-store.ts';

/** Enough to find three pushes that have failed. */
const MAX_FAILED_READ = 200;
const TOO_MANY_REQUESTS = 429;

export interface CircuitParts {
  readonly sql: Sql;
  readonly store: Pick<DeliveryStore, 'failed'>;
  readonly events: Events;
  /** To be called after each change of a subscription. */
  readonly announce: () => Promise<void>;
}

/** Which subscriptions are failing. The row says it; each change is a compare-and-set. */
export class Circuits {
  readonly #parts: CircuitParts;

  constructor(parts: CircuitParts) {
    this.#parts = parts;
  }

  /**
   * To be called after failed attempts were stored. `row`: failed attempts since the last success that the caller knows,
   * the newest first.
   */
  async check(subscription: string, row: readonly AttemptInRow[] = []): Promise<SubscriptionState | 'deleted'> {
    const found = await this.#parts.sql
      .selectFrom('subscriptions')
      .select(['state', 'failures', 'format', 'last_success_at'])
      .where('id', '=', subscription)
      .executeTakeFirst();
    if (!found) return 'deleted';
    const state = found.state as SubscriptionState | 'deleted';
    if (state !== 'active' || Number(found.failures) < FAILURES_TO_OPEN) return state;
    const format = found.format as SubscriptionFormat;
    const opens =
      opensCircuit(row) || opensCircuit(await this.#rowOf(subscription, format, Number(found.last_success_at)));
    return opens && (await this.#open(subscription)) ? 'failing' : 'active';
  }

  /** Undefined: another batch sends the probe, or the subscription is no longer failing. */
  async claimProbe(subscription: string, probeAt: Date | null, until: Date): Promise<boolean> {
    const { numUpdatedRows } = await this.#parts.sql
      .updateTable('subscriptions')
      .set({ probe_at: until.getTime() })
      .where('id', '=', subscription)
      .where('state', '=', 'failing')
      .where('probe_at', probeAt === null ? 'is' : '=', probeAt?.getTime() ?? null)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** When the next probe is sent. */
  async probeFailed(subscription: string, failingSince: Date, now: Date): Promise<Date> {
    const next = new Date(now.getTime() + probeDelayMs(failingSince, now));
    await this.postponeProbe(subscription, next);
    return next;
  }

  async postponeProbe(subscription: string, to: Date): Promise<void> {
    await this.#parts.sql
      .updateTable('subscriptions')
      .set({ probe_at: to.getTime() })
      .where('id', '=', subscription)
      .where('state', '=', 'failing')
      .execute();
  }

  /** The receiver answers again, or there is nothing that could be sent to it. */
  async close(subscription: string): Promise<void> {
    const now = Date.now();
    const { numUpdatedRows } = await this.#parts.sql
      .updateTable('subscriptions')
      .set({
        state: 'active',
        failures: 0,
        failing_since: null,
        probe_at: null,
        ticket_at: ticketAtOnce(now),
        changed_at: nextChange(now),
      })
      .where('id', '=', subscription)
      .where('state', '=', 'failing')
      .executeTakeFirst();
    if (numUpdatedRows === 1n) await this.#changed(subscription, 'active');
  }

  async #open(subscription: string): Promise<boolean> {
    const now = new Date();
    const probeAt = now.getTime() + probeDelayMs(now, now);
    const { numUpdatedRows } = await this.#parts.sql
      .updateTable('subscriptions')
      .set({
        state: 'failing',
        failing_since: now.getTime(),
        probe_at: probeAt,
        changed_at: nextChange(now.getTime()),
      })
      .where('id', '=', subscription)
      .where('state', '=', 'active')
      .executeTakeFirst();
    if (numUpdatedRows === 1n) await this.#changed(subscription, 'failing');
    return numUpdatedRows === 1n;
  }

  /** The stored failed attempts since the last success, the newest first. */
  async #rowOf(subscription: string, format: SubscriptionFormat, lastSuccessAt: number): Promise<AttemptInRow[]> {
    const failed = await this.#parts.store.failed(subscription, MAX_FAILED_READ);
    return failed
      .flatMap(({ push, type, failures }) => failures.map((failure) => ({ ...failure, push, type })))
      .filter(({ at, status, type }) => {
        const isCounted = status !== TOO_MANY_REQUESTS && !(isFromWeChat(type) && isNotHandled(format, status));
        return isCounted && at.getTime() > lastSuccessAt;
      })
      .sort((a, b) => b.at.getTime() - a.at.getTime())
      .map(({ push, code }) => ({ push, unconnected: isUnconnected(code) }));
  }

  async #changed(subscription: string, state: 'active' | 'failing'): Promise<void> {
    this.#parts.events.publish('subscription', { subscription, what: state });
    await this.#parts.announce();
  }
}
