import { type RawBuilder, sql as raw } from 'kysely';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { LastTicket, Subscription } from '../subscription/subscription.ts';
import type { OutboundSender } from '../webhook/outbound-sender.ts';
import { readAttempt } from './attempt.ts';
import { composeTicket } from './format/ticket.ts';

/** As often as WeChat's own (protocol §1.4). */
const TICKET_INTERVAL_MS = 10 * 60_000;
/** A ticket that failed is repeated twice; then the next one follows. */
const REPEAT_AFTER_MS = [5_000, 30_000];

/** `ticket_at` of a subscription that is active again: its receiver may have missed tickets. Null: its format has none. */
export function ticketAtOnce(now: number): RawBuilder<number | null> {
  return raw<number | null>`case when ticket_at is null then null else ${now} end`;
}

export interface TicketParts {
  readonly sql: Sql;
  readonly sender: Pick<OutboundSender, 'send'>;
  readonly due: { wake(subscriptions: readonly string[]): Promise<void> };
  readonly now?: () => number;
}

/**
 * The tickets that receivers of format `wechat-component` expect. They are no deliveries: a failed one is shown by the
 * subscription, and says nothing about its circuit. Two processes by accident send two, which does no harm.
 */
export class ComponentTickets {
  readonly #parts: TicketParts;
  readonly #now: () => number;

  constructor(parts: TicketParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** Sends the ticket if its time has come, and returns when the next one is due; null: never. */
  async sendIfDue(subscription: Subscription, signal: AbortSignal): Promise<Date | null> {
    const { id, format, component, ticketAt, timeoutMs, lastTicket } = subscription;
    if (format !== 'wechat-component' || component === null) return null;
    const at = new Date(this.#now());
    if (ticketAt !== null && ticketAt > at) return ticketAt;
    const request = composeTicket({ ...subscription, component }, { at });
    const result = await this.#parts.sender.send({ ...request, timeoutMs, maxAnswerBytes: 0, signal });
    const outcome = readAttempt(result, { format, type: 'component_verify_ticket', now: at });
    if (outcome.kind === 'aborted') return at;
    const isDelivered = outcome.kind === 'delivered';
    const failures = isDelivered ? 0 : (lastTicket?.failures ?? 0) + 1;
    const repeatAfterMs = isDelivered ? undefined : REPEAT_AFTER_MS[failures - 1];
    const next = new Date(this.#now() + (repeatAfterMs ?? TICKET_INTERVAL_MS));
    const sent: LastTicket = {
      at,
      status: outcome.status,
      code: isDelivered ? null : outcome.code,
      failures: repeatAfterMs === undefined ? 0 : failures,
    };
    // Requested again meanwhile.
    return (await this.#store(id, ticketAt, next, sent)) ? next : at;
  }

  /** Has a ticket sent at once to all active receivers that act for the component. */
  async request(component: string): Promise<void> {
    const { sql, due } = this.#parts;
    const rows = await repeat(() =>
      sql
        .selectFrom('subscriptions')
        .select('id')
        .where('format', '=', 'wechat-component')
        .where('component', '=', component)
        .where('state', '=', 'active')
        .execute(),
    );
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return;
    await repeat(() =>
      sql.updateTable('subscriptions').set({ ticket_at: this.#now() }).where('id', 'in', ids).execute(),
    );
    await due.wake(ids);
  }

  /** False: its time was changed meanwhile. */
  async #store(id: string, from: Date | null, next: Date, sent: LastTicket): Promise<boolean> {
    const { numUpdatedRows } = await repeat(() =>
      this.#parts.sql
        .updateTable('subscriptions')
        .set({ ticket_at: next.getTime(), last_ticket: JSON.stringify(sent) })
        .where('id', '=', id)
        .where('ticket_at', from === null ? 'is' : '=', from?.getTime() ?? null)
        .executeTakeFirst(),
    );
    return numUpdatedRows === 1n;
  }
}
