import type { Sql } from '../database/open.ts';

/** Further rows are not counted, since that would take as long as there are many. */
const MAX_COUNTED = 10_000;

/** What a subscription has yet to receive. */
export interface Backlog {
  readonly pending: number;
  /** There are more than `pending`. */
  readonly atLeast: boolean;
  /** When the one that is due first became pending; null: there is none. */
  readonly oldestAt: Date | null;
}

/** Pending deliveries in SQL; a read replica may lag behind. */
export class Backlogs {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async of(subscription: string): Promise<Backlog> {
    const pending = this.#sql
      .selectFrom('deliveries')
      .where('subscription', '=', subscription)
      .where('pending_at', 'is not', null);
    const counted = await this.#sql
      .selectFrom(
        pending
          .select('pending_at')
          .limit(MAX_COUNTED + 1)
          .as('pending'),
      )
      .select((eb) => eb.fn.countAll<number | string | bigint>().as('count'))
      .executeTakeFirstOrThrow();
    const count = Number(counted.count);
    if (count === 0) return { pending: 0, atLeast: false, oldestAt: null };
    const oldest = await pending.select('opened_at').orderBy('pending_at').limit(1).executeTakeFirst();
    return {
      pending: Math.min(count, MAX_COUNTED),
      atLeast: count > MAX_COUNTED,
      oldestAt: oldest ? new Date(Number(oldest.opened_at)) : null,
    };
  }
}
