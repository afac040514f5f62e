import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import { isDuplicate } from '../database/sql-error.ts';
import type { Events } from '../events.ts';
import { appendNotice } from '../journal/append-notice.ts';
import { type Actor, noteIn } from '../key/audit.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Seals } from '../sealing/seals.ts';
import type { PauseReason } from '../subscription/subscription.ts';
import { nextChange } from '../subscription/subscription-store.ts';
import { unknownSubscription } from '../subscription/subscriptions.ts';
import { ticketAtOnce } from './component-tickets.ts';
import { newReplay } from './replay.ts';
import { newReplayId } from './replay-store.ts';

/** Clocks differ, and a snapshot may be as old: what was accepted shortly before may not have been delivered. */
const MARGIN_MS = 5_000;

export interface PauseParts {
  readonly redis: RedisClient;
  readonly sql: Sql;
  readonly seals: Seals;
  readonly events: Events;
  readonly announce: () => Promise<void>;
  /** Whose notice it is where the subscription has no component of its own. */
  readonly component: string;
}

/** Pauses and resumes subscriptions. A paused one gets no deliveries; `behind_since` says from when on they are missing. */
export class SubscriptionPauses {
  readonly #parts: PauseParts;

  constructor(parts: PauseParts) {
    this.#parts = parts;
  }

  /** By its owner. A paused subscription stays as it is. Throws Failure `unknown_subscription`. */
  async pauseManually(id: string, by: Actor): Promise<void> {
    const behindSince = await this.#behindSince();
    const found = await repeat(() =>
      this.#parts.sql.transaction().execute(async (sql) => {
        const state = await stateOf(sql, id);
        if (state === undefined) return undefined;
        if (!(await pauseIn(sql, id, 'manual', behindSince))) return 'same';
        await noteIn(sql, by, 'subscription paused', id);
        return 'paused';
      }),
    );
    if (found === undefined) throw unknownSubscription(id);
    if (found === 'paused') await this.#parts.announce();
  }

  /** By itself: a notice and an error in the log report it. */
  async pauseAutomatically(id: string, reason: Exclude<PauseReason, 'manual'>): Promise<void> {
    const { redis, seals, events, sql, announce } = this.#parts;
    const behindSince = await this.#behindSince();
    let attempts = 0;
    const row = await repeat(() => {
      attempts++;
      return sql.transaction().execute(async (transaction) => {
        const state = await stateOf(transaction, id);
        if (state === undefined) return undefined;
        if (await pauseIn(transaction, id, reason, behindSince)) return state;
        // An earlier attempt was committed before its connection was lost.
        return attempts > 1 && state.state === 'paused' && state.behindSince === behindSince ? state : undefined;
      });
    });
    if (!row) return;
    await announce();
    const failingSince = row.failingSince?.toISOString() ?? null;
    events.publish('subscription', { subscription: id, what: 'paused', reason, failingSince });
    const at = new Date();
    await appendNotice(redis, seals, {
      component: row.component ?? this.#parts.component,
      type: 'subscription.paused',
      at,
      unique: `${id} ${at.getTime()}`,
      data: { subscription: id, reason, failingSince },
    });
  }

  /**
   * Activates a paused subscription, and replays what it has missed. `replay` null: it was not paused. Throws Failure
   * `unknown_subscription`.
   */
  async resume(id: string, by: Actor): Promise<{ readonly replay: string | null }> {
    const replayId = newReplayId();
    const resumed = await repeat(async () => {
      try {
        return await this.#parts.sql.transaction().execute(async (sql) => {
          const now = Date.now();
          const state = await stateOf(sql, id);
          if (state === undefined) return undefined;
          if (state.state !== 'paused') return { replay: null };
          const { numUpdatedRows } = await sql
            .updateTable('subscriptions')
            .set({
              state: 'active',
              reason: null,
              failures: 0,
              failing_since: null,
              probe_at: null,
              hold_until: null,
              behind_since: null,
              ticket_at: ticketAtOnce(now),
              changed_at: nextChange(now),
            })
            .where('id', '=', id)
            .where('state', '=', 'paused')
            .executeTakeFirst();
          if (numUpdatedRows !== 1n) return { replay: null };
          const since = Math.max(state.behindSince ?? now, state.createdAt);
          const replay = newReplay(replayId, { subscription: id, since, until: now + MARGIN_MS, only: 'missing' }, now);
          await sql.insertInto('replays').values(replay).execute();
          await noteIn(sql, by, 'subscription resumed', id, now);
          return { replay: replayId };
        });
      } catch (error) {
        // An earlier attempt was committed before its connection was lost.
        if (isDuplicate(error)) return { replay: replayId };
        throw error;
      }
    });
    if (resumed === undefined) throw unknownSubscription(id);
    if (resumed.replay) await this.#parts.announce();
    return resumed;
  }

  /** Pushes that were accepted before, but are not journaled yet, will not be matched. */
  async #behindSince(): Promise<number> {
    const { redis } = this.#parts;
    const [oldest] = await redis.xrange(redis.keyspace.pushStream, '-', '+', 'COUNT', 1);
    const acceptedAt = oldest ? Number(oldest[0].split('-')[0]) : Number.POSITIVE_INFINITY;
    return Math.min(acceptedAt, Date.now()) - MARGIN_MS;
  }
}

interface State {
  readonly state: string;
  readonly component: string | null;
  readonly failingSince: Date | null;
  readonly behindSince: number | null;
  readonly createdAt: number;
}

async function stateOf(sql: Sql, id: string): Promise<State | undefined> {
  const row = await sql
    .selectFrom('subscriptions')
    .select(['state', 'component', 'failing_since', 'behind_since', 'created_at'])
    .where('id', '=', id)
    .where('state', '!=', 'deleted')
    .executeTakeFirst();
  return (
    row && {
      state: row.state,
      component: row.component,
      failingSince: row.failing_since === null ? null : new Date(Number(row.failing_since)),
      behindSince: row.behind_since === null ? null : Number(row.behind_since),
      createdAt: Number(row.created_at),
    }
  );
}

/** False: it is paused already. */
async function pauseIn(sql: Sql, id: string, reason: PauseReason, behindSince: number): Promise<boolean> {
  const { numUpdatedRows } = await sql
    .updateTable('subscriptions')
    .set({
      state: 'paused',
      reason,
      probe_at: null,
      behind_since: behindSince,
      changed_at: nextChange(Date.now()),
    })
    .where('id', '=', id)
    .where('state', 'in', ['active', 'failing'])
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
