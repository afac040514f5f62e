import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { Sql } from '../database/open.ts';
import type { Database, DeliveryRow } from '../database/schema.ts';
import { type Page, type PageRequest, readCursor, writeCursor } from '../paging.ts';
import type { ReplyReason, ReplyState } from '../reply/reply.ts';
import type { Seals } from '../sealing/seals.ts';
import type { Delivery, DeliveryCode, DeliveryState, FailedAttempt } from './delivery.ts';
import { ASKED } from './delivery-rows.ts';
import { openFailures } from './failures.ts';
import type { DeliveryReply } from './settle-steps.ts';

/** Of a subscription's pending deliveries, more are not counted. */
const MAX_COUNTED = 10_000;
/** Rows that a page reads, at most, to find those that pass its filter. */
const MAX_SCANNED = 2_000;

/** A delivery as a batch reads it. */
export interface DueDelivery extends Delivery {
  readonly pendingAt: Date;
  /** The last failed attempts, the oldest first. */
  readonly failures: readonly FailedAttempt[];
  /** A gateway asked this endpoint, so that its answer may be a reply. */
  readonly isAsked: boolean;
}

/** A place in the order in which a subscription's deliveries are due. */
export type DuePosition = Pick<DueDelivery, 'pendingAt' | 'push'>;

export interface Backlog {
  readonly pending: number;
  /** There are more than were counted. */
  readonly atLeast: boolean;
  /** When the oldest of them was accepted. */
  readonly oldestAt: Date | null;
}

export interface Account {
  readonly component: string;
  readonly appid: string;
}

export interface DeliveryListRequest extends PageRequest {
  /** One of both is required. */
  readonly subscription?: string | undefined;
  /** Only of these. */
  readonly accounts?: readonly Account[] | undefined;
  readonly state?: DeliveryState | undefined;
}

/** Reads deliveries; they are written in batches (settle-batch.ts, reopen.ts). */
export class DeliveryStore {
  readonly #sql: Sql;
  readonly #replica: Sql;
  readonly #seals: Seals;

  constructor(sql: Sql, seals: Seals, replica: Sql = sql) {
    this.#sql = sql;
    this.#replica = replica;
    this.#seals = seals;
  }

  /** The first `limit` that are due at `now`, behind `after`. */
  async due(subscription: string, now: Date, limit: number, after?: DuePosition): Promise<DueDelivery[]> {
    let query = this.#sql
      .selectFrom('deliveries')
      .selectAll()
      .where('subscription', '=', subscription)
      .where('pending_at', '<=', now.getTime())
      .orderBy('pending_at')
      .orderBy('push')
      .limit(limit);
    if (after) {
      const at = after.pendingAt.getTime();
      query = query
        .where('pending_at', '>=', at)
        .where((eb) => eb.or([eb('pending_at', '>', at), eb('push', '>', after.push)]));
    }
    return (await query.execute()).map((row) => this.#due(row));
  }

  /** When the next one is due; null: none is pending. */
  async nextDueAt(subscription: string): Promise<Date | null> {
    const row = await this.#sql
      .selectFrom('deliveries')
      .select('pending_at')
      .where('subscription', '=', subscription)
      .where('pending_at', 'is not', null)
      .orderBy('pending_at')
      .limit(1)
      .executeTakeFirst();
    return dateOf(row?.pending_at ?? null);
  }

  /** The pending deliveries that have failed, among the last ones to be due: those were repeated most recently. */
  async failed(subscription: string, limit: number): Promise<DueDelivery[]> {
    const rows = await this.#sql
      .selectFrom('deliveries')
      .selectAll()
      .where('subscription', '=', subscription)
      .where('pending_at', 'is not', null)
      .orderBy('pending_at', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => this.#due(row)).filter(({ failures }) => failures.length > 0);
  }

  /** What became of the reply of the subscription that was asked, once. */
  async settleReply(push: string, subscriptions: readonly string[], reply: DeliveryReply): Promise<void> {
    if (subscriptions.length === 0) return;
    await this.#sql
      .updateTable('deliveries')
      .set({ reply_state: reply.state, reply_reason: reply.reason, call_id: reply.callId })
      .where('subscription', 'in', subscriptions)
      .where('push', '=', push)
      .where('reply_state', '=', ASKED)
      .execute();
  }

  /** Up to `limit`. */
  async countPending(subscription: string, limit: number): Promise<number> {
    return (await this.#pending(subscription, limit)).count;
  }

  async backlog(subscription: string): Promise<Backlog> {
    const { count, oldest } = await this.#pending(subscription, MAX_COUNTED + 1);
    return {
      pending: Math.min(count, MAX_COUNTED),
      atLeast: count > MAX_COUNTED,
      oldestAt: oldest === null ? null : await this.#acceptedAt(subscription, oldest),
    };
  }

  async find(
    subscription: string,
    push: string,
  ): Promise<{ readonly delivery: Delivery; readonly failures: readonly FailedAttempt[] } | undefined> {
    const row = await this.#replica
      .selectFrom('deliveries')
      .selectAll()
      .where('subscription', '=', subscription)
      .where('push', '=', push)
      .executeTakeFirst();
    return row && { delivery: toDelivery(row), failures: openFailures(this.#seals, row, row.failures_sealed) };
  }

  /**
   * The newest first. A filtered page may hold fewer than `limit`, even none, before the last one. Throws Failure
   * `invalid_request` for an invalid cursor.
   */
  async list({ subscription, accounts, state, limit, cursor }: DeliveryListRequest): Promise<Page<Delivery>> {
    const isFiltered = state !== undefined || (subscription !== undefined && accounts !== undefined);
    const most = isFiltered ? MAX_SCANNED : limit + 1;
    const before = cursor === undefined ? undefined : placeOf(cursor);
    const walks = subscription === undefined ? (accounts ?? []) : [{ subscription }];
    const found = await Promise.all(walks.map((walk) => this.#walk(walk, before, most)));
    // Each walk has the newest of its own, so the newest of all of them are complete.
    const scanned = found.flat().sort(newestFirst).slice(0, most);
    const named = accounts && new Set(accounts.map(nameOf));
    const passing = scanned.filter(
      (row) => (state === undefined || row.state === state) && (!named || named.has(nameOf(row))),
    );
    const items = passing.slice(0, limit);
    const isLast = scanned.length < most && passing.length <= limit;
    // Where nothing more passes, the next page starts behind what was read.
    const last = passing.length > limit ? items.at(-1) : scanned.at(-1);
    return { items: items.map(toDelivery), next: isLast || !last ? null : cursorOf(last) };
  }

  #walk(of: { subscription: string } | Account, before: Place | undefined, limit: number): Promise<DeliveryRow[]> {
    let query = this.#replica
      .selectFrom('deliveries')
      .selectAll()
      .orderBy('seq', 'desc')
      .orderBy('push', 'desc')
      // Several subscriptions may have the same push.
      .orderBy('subscription', 'desc')
      .limit(limit);
    if ('subscription' in of) query = query.where('subscription', '=', of.subscription);
    else query = query.where('component', '=', of.component).where('appid', '=', of.appid);
    if (before) query = query.where((eb) => isBehind(eb, before));
    return query.execute();
  }

  /** All deliveries of these pushes. */
  async ofPushes(
    pushes: readonly {
      readonly component: string;
      readonly appid: string | null;
      readonly seq: number;
      readonly id: string;
    }[],
  ): Promise<Delivery[]> {
    const found = await Promise.all(
      pushes.map(({ component, appid, seq, id }) =>
        this.#replica
          .selectFrom('deliveries')
          .selectAll()
          .where('component', '=', component)
          .where('appid', appid === null ? 'is' : '=', appid)
          .where('seq', '=', seq)
          .where('push', '=', id)
          .orderBy('subscription')
          .execute(),
      ),
    );
    return found.flat().map(toDelivery);
  }

  /** Which of these pushes the subscription has, and in which state. */
  async states(subscription: string, pushes: readonly string[]): Promise<Map<string, DeliveryState>> {
    if (pushes.length === 0) return new Map();
    const rows = await this.#sql
      .selectFrom('deliveries')
      .select(['push', 'state'])
      .where('subscription', '=', subscription)
      .where('push', 'in', [...pushes])
      .execute();
    return new Map(rows.map(({ push, state }) => [push, state as DeliveryState]));
  }

  /** Both are in the index, so that 10,000 rows are counted without reading them. */
  async #pending(subscription: string, limit: number): Promise<{ count: number; oldest: string | null }> {
    const { count, oldest } = await this.#sql
      .selectFrom((eb) =>
        eb
          .selectFrom('deliveries')
          .select('push')
          .where('subscription', '=', subscription)
          .where('pending_at', 'is not', null)
          .orderBy('pending_at')
          .limit(limit)
          .as('counted'),
      )
      .select((eb) => [
        eb.fn.countAll<number | string | bigint>().as('count'),
        eb.fn.min<string | null>('push').as('oldest'),
      ])
      .executeTakeFirstOrThrow();
    return { count: Number(count), oldest };
  }

  async #acceptedAt(subscription: string, push: string): Promise<Date | null> {
    const row = await this.#sql
      .selectFrom('deliveries')
      .select('seq')
      .where('subscription', '=', subscription)
      .where('push', '=', push)
      .executeTakeFirst();
    return row ? new Date(Math.floor(Number(row.seq) / 1_000)) : null;
  }

  #due(row: DeliveryRow): DueDelivery {
    return {
      ...toDelivery(row),
      pendingAt: new Date(Number(row.pending_at)),
      failures: openFailures(this.#seals, row, row.failures_sealed),
      isAsked: row.reply_state === ASKED,
    };
  }
}

/** A place in a list. */
type Place = Pick<DeliveryRow, 'seq' | 'push' | 'subscription'>;

function placeOf(cursor: string): Place {
  const [seq, push, subscription] = readCursor(cursor, /^(\d{1,17}) ([0-9a-v]{26}) (\w{1,32})$/);
  return { seq: Number(seq), push: push!, subscription: subscription! };
}

function cursorOf({ seq, push, subscription }: Place): string {
  return writeCursor(Number(seq), push, subscription);
}

function newestFirst(a: Place, b: Place): number {
  return Number(b.seq) - Number(a.seq) || descending(a.push, b.push) || descending(a.subscription, b.subscription);
}

function descending(a: string, b: string): number {
  return a < b ? 1 : -Number(a > b);
}

function nameOf({ component, appid }: { readonly component: string; readonly appid: string | null }): string {
  return `${component}/${appid}`;
}

/** Written so that a database finds the place by its index. */
function isBehind(
  eb: ExpressionBuilder<Database, 'deliveries'>,
  { seq, push, subscription }: Place,
): Expression<SqlBool> {
  return eb.and([
    eb('seq', '<=', seq),
    eb.or([
      eb('seq', '<', seq),
      eb('push', '<', push),
      eb.and([eb('push', '=', push), eb('subscription', '<', subscription)]),
    ]),
  ]);
}

function toDelivery(row: DeliveryRow): Delivery {
  return {
    subscription: row.subscription,
    push: row.push,
    seq: Number(row.seq),
    component: row.component,
    appid: row.appid,
    type: row.type,
    state: row.state as DeliveryState,
    attemptCount: Number(row.attempts),
    pendingAt: dateOf(row.pending_at),
    openedAt: new Date(Number(row.opened_at)),
    status: row.status === null ? null : Number(row.status),
    code: row.code as DeliveryCode | null,
    ms: row.ms === null ? null : Number(row.ms),
    settledAt: dateOf(row.settled_at),
    replay: row.replay,
    reply:
      row.reply_state === null || row.reply_state === ASKED
        ? null
        : {
            state: row.reply_state as ReplyState,
            reason: row.reply_reason as ReplyReason | null,
            callId: row.call_id,
          },
  };
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(Number(ms));
}
