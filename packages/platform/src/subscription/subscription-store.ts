import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { type RawBuilder, sql as raw } from 'kysely';
import { dialectOf } from '../database/dialect.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { SubscriptionRow } from '../database/schema.ts';
import { isDuplicate } from '../database/sql-error.ts';
import { type Actor, noteIn } from '../key/audit.ts';
import { type Page, type PageRequest, pageOf, readCursor, writeCursor } from '../paging.ts';
import { resealField } from '../sealing/reseal-field.ts';
import type { Resealed, Seals } from '../sealing/seals.ts';
import { readSecrets, writeSecrets } from './secrets.ts';
import type { Subscription, SubscriptionSecrets, SubscriptionState } from './subscription.ts';
import { DELETED, placeOf, type SealedColumn, sealedColumns, toSubscription } from './subscription-row.ts';

export const MAX_SUBSCRIPTIONS = 200;

/** What its owner decides, checked. */
export type NewSubscription = Pick<
  Subscription,
  | 'name'
  | 'url'
  | 'messageUrl'
  | 'format'
  | 'mode'
  | 'component'
  | 'filter'
  | 'reply'
  | 'maxInFlight'
  | 'timeoutMs'
  | 'giveUpAfterMs'
  | 'secrets'
>;

/** Given fields replace the present ones. */
export type SubscriptionChange = {
  readonly [K in keyof Omit<NewSubscription, 'format' | 'component' | 'secrets'>]?: NewSubscription[K] | undefined;
};

/**
 * The next `changed_at`, which grows with every change, even several in one millisecond: processes recognize by it
 * which copies are out of date. Set it with whatever a copy must have, but not with counters.
 */
export function nextChange(now: number): RawBuilder<number> {
  return raw<number>`case when changed_at >= ${now} then changed_at + 1 else ${now} end`;
}

/** Subscriptions in SQL; each change of an owner in one transaction with its audit entry. */
export class SubscriptionStore {
  readonly #sql: Sql;
  readonly #seals: Seals;

  constructor(sql: Sql, seals: Seals) {
    this.#sql = sql;
    this.#seals = seals;
  }

  /** Throws Failure `too_many_subscriptions`. */
  async create(input: NewSubscription, by: Actor): Promise<Subscription> {
    const now = Date.now();
    const id = `sub_${randomBytes(10).toString('hex')}`;
    const row: SubscriptionRow = {
      id,
      name: input.name,
      url_sealed: this.#seals.seal(input.url, placeOf(id, 'url_sealed')),
      message_url_sealed:
        input.messageUrl === null ? null : this.#seals.seal(input.messageUrl, placeOf(id, 'message_url_sealed')),
      format: input.format,
      mode: input.mode,
      component: input.component,
      filter_sealed: this.#seals.seal(JSON.stringify(input.filter), placeOf(id, 'filter_sealed')),
      reply: input.reply && JSON.stringify(input.reply),
      max_in_flight: input.maxInFlight,
      timeout_ms: input.timeoutMs,
      give_up_ms: input.giveUpAfterMs,
      state: 'active',
      reason: null,
      failures: 0,
      failing_since: null,
      probe_at: null,
      hold_until: null,
      // A program for third-party platforms can do nothing without a ticket.
      ticket_at: input.format === 'wechat-component' ? now : null,
      last_success_at: null,
      behind_since: null,
      last_failure: null,
      last_ticket: null,
      secrets_sealed: this.#seals.seal(writeSecrets(input.secrets), placeOf(id, 'secrets_sealed')),
      created_by: by.id,
      created_at: now,
      changed_at: now,
    };
    await repeat(async () => {
      try {
        await this.#sql.transaction().execute(async (sql) => {
          await sql.insertInto('subscriptions').values(row).execute();
          if ((await countLocked(sql)) > MAX_SUBSCRIPTIONS) throw tooMany();
          await noteIn(sql, by, 'subscription created', id, now);
        });
      } catch (error) {
        // Random ids do not collide: an earlier attempt was committed before its connection was lost.
        if (!isDuplicate(error)) throw error;
      }
    });
    return toSubscription(row, this.#seals);
  }

  /** Throws Failure `unsealable`. */
  async find(id: string): Promise<Subscription | undefined> {
    const row = await this.#rowOf(id);
    return row && toSubscription(row, this.#seals);
  }

  /** The newest first. Throws Failure `invalid_request` for an invalid cursor. */
  async list(page: PageRequest & { readonly state?: SubscriptionState | undefined }): Promise<Page<Subscription>> {
    let query = this.#sql
      .selectFrom('subscriptions')
      .selectAll()
      .where('state', '!=', DELETED)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc');
    const { state, cursor, limit } = page;
    if (state !== undefined) query = query.where('state', '=', state);
    if (cursor !== undefined) {
      const [at, id] = readCursor(cursor, /^(\d{1,15}) (sub_[0-9a-f]{20})$/);
      query = query.where((eb) =>
        eb.or([eb('created_at', '<', Number(at)), eb.and([eb('created_at', '=', Number(at)), eb('id', '<', id!)])]),
      );
    }
    const rows = await query.limit(limit + 1).execute();
    const { items, next } = pageOf(rows, limit, (last) => writeCursor(Number(last.created_at), last.id));
    return { items: items.map((row) => toSubscription(row, this.#seals)), next };
  }

  /** The last write counts. Undefined: there is no such subscription. */
  async change(id: string, change: SubscriptionChange, by: Actor): Promise<Subscription | undefined> {
    const sealed = (column: SealedColumn, text: string) => this.#seals.seal(text, placeOf(id, column));
    const { name, url, messageUrl, mode, filter, reply, maxInFlight, timeoutMs, giveUpAfterMs } = change;
    const done = await this.#write(id, by, 'subscription changed', {
      ...(name === undefined ? {} : { name }),
      ...(url === undefined ? {} : { url_sealed: sealed('url_sealed', url) }),
      ...(messageUrl === undefined
        ? {}
        : { message_url_sealed: messageUrl && sealed('message_url_sealed', messageUrl) }),
      ...(mode === undefined ? {} : { mode }),
      ...(filter === undefined ? {} : { filter_sealed: sealed('filter_sealed', JSON.stringify(filter)) }),
      ...(reply === undefined ? {} : { reply: reply && JSON.stringify(reply) }),
      ...(maxInFlight === undefined ? {} : { max_in_flight: maxInFlight }),
      ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
      ...(giveUpAfterMs === undefined ? {} : { give_up_ms: giveUpAfterMs }),
    });
    return done ? this.find(id) : undefined;
  }

  /** `secretsOf` makes the new secrets of the present ones, once more if another rotation came between. */
  async changeSecrets(
    id: string,
    secretsOf: (present: SubscriptionSecrets) => SubscriptionSecrets,
    by: Actor,
  ): Promise<SubscriptionSecrets | undefined> {
    for (;;) {
      const row = await this.#rowOf(id);
      if (!row) return undefined;
      const place = placeOf(id, 'secrets_sealed');
      const secrets = secretsOf(readSecrets(this.#seals.open(row.secrets_sealed, place)));
      const sealed = this.#seals.seal(writeSecrets(secrets), place);
      const change = { secrets_sealed: sealed };
      if (await this.#write(id, by, 'subscription secret rotated', change, { from: row.secrets_sealed }))
        return secrets;
      // An attempt whose connection was lost may have been committed.
      if ((await this.#rowOf(id))?.secrets_sealed === sealed) return secrets;
    }
  }

  /** Its row stays for an hour, for processes that still have a copy; then `removable` names it. */
  async delete(id: string, by: Actor): Promise<'deleted' | 'unknown'> {
    return (await this.#write(id, by, 'subscription deleted', { state: DELETED })) ? 'deleted' : 'unknown';
  }

  /** Subscriptions that were deleted before this time (ms). Their rows of all tables can be removed, this one last. */
  async removable(deletedBefore: number): Promise<string[]> {
    const rows = await this.#sql
      .selectFrom('subscriptions')
      .select('id')
      .where('state', '=', DELETED)
      .where('changed_at', '<', deletedBefore)
      .orderBy('id')
      .limit(MAX_SUBSCRIPTIONS)
      .execute();
    return rows.map(({ id }) => id);
  }

  async remove(id: string): Promise<void> {
    await this.#sql.deleteFrom('subscriptions').where('id', '=', id).where('state', '=', DELETED).execute();
  }

  /** Which subscriptions there are, and when each one changed. */
  async versions(): Promise<{ readonly id: string; readonly changedAt: number }[]> {
    const rows = await this.#sql
      .selectFrom('subscriptions')
      .select(['id', 'changed_at'])
      .where('state', '!=', DELETED)
      .execute();
    return rows.map(({ id, changed_at }) => ({ id, changedAt: Number(changed_at) }));
  }

  async countByState(): Promise<Record<SubscriptionState, number>> {
    const rows = await this.#sql
      .selectFrom('subscriptions')
      .select((eb) => ['state', eb.fn.countAll<number | string | bigint>().as('count')])
      .groupBy('state')
      .execute();
    const countOf = (state: SubscriptionState) => Number(rows.find((row) => row.state === state)?.count ?? 0);
    return { active: countOf('active'), failing: countOf('failing'), paused: countOf('paused') };
  }

  /** `failure`: no listed key opens it. */
  async read(
    ids: readonly string[],
  ): Promise<({ readonly id: string; readonly changedAt: number } & (Opened | NotOpened))[]> {
    if (ids.length === 0) return [];
    const rows = await this.#sql.selectFrom('subscriptions').selectAll().where('id', 'in', ids).execute();
    return rows
      .filter(({ state }) => state !== DELETED)
      .map((row) => {
        const version = { id: row.id, changedAt: Number(row.changed_at) };
        try {
          return { ...version, subscription: toSubscription(row, this.#seals) };
        } catch (error) {
          if (error instanceof Failure && error.code === 'unsealable') return { ...version, failure: error };
          throw error;
        }
      });
  }

  /** The ids of all rows, for resealing. */
  async allIds(): Promise<string[]> {
    const rows = await this.#sql.selectFrom('subscriptions').select('id').orderBy('id').execute();
    return rows.map(({ id }) => id);
  }

  /** Seals one column under the first key. */
  reseal(id: string, column: SealedColumn): Promise<Resealed> {
    return resealField(this.#seals, placeOf(id, column), {
      read: async () =>
        (await this.#sql.selectFrom('subscriptions').select(sealedColumns).where('id', '=', id).executeTakeFirst())?.[
          column
        ],
      swap: async (from, to) => {
        const { numUpdatedRows } = await this.#sql
          .updateTable('subscriptions')
          .set({ [column]: to })
          .where('id', '=', id)
          .where(column, '=', from)
          .executeTakeFirst();
        return numUpdatedRows === 1n;
      },
    });
  }

  #rowOf(id: string): Promise<SubscriptionRow | undefined> {
    return this.#sql
      .selectFrom('subscriptions')
      .selectAll()
      .where('id', '=', id)
      .where('state', '!=', DELETED)
      .executeTakeFirst();
  }

  /** False: there is no such subscription, or its secrets are no longer `from`. */
  #write(
    id: string,
    by: Actor,
    action: string,
    change: Partial<SubscriptionRow>,
    unless?: { readonly from: string },
  ): Promise<boolean> {
    return repeat(() =>
      this.#sql.transaction().execute(async (sql) => {
        const now = Date.now();
        let update = sql
          .updateTable('subscriptions')
          .set({ ...change, changed_at: nextChange(now) })
          .where('id', '=', id)
          .where('state', '!=', DELETED);
        if (unless) update = update.where('secrets_sealed', '=', unless.from);
        const { numUpdatedRows } = await update.executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await noteIn(sql, by, action, id, now);
        return true;
      }),
    );
  }
}

interface Opened {
  readonly subscription: Subscription;
}
interface NotOpened {
  readonly failure: Failure;
}

/** How many there are, with the one just inserted. Two that are created at the same time wait for each other's rows. */
async function countLocked(sql: Sql): Promise<number> {
  const ids = sql.selectFrom('subscriptions').select('id').where('state', '!=', DELETED);
  // SQLite has one writer anyway.
  return (await (dialectOf(sql) === 'mysql' ? ids.forUpdate() : ids).execute()).length;
}

function tooMany(): Failure {
  return new Failure(
    'too_many_subscriptions',
    'fix-request',
    `A deployment has at most ${MAX_SUBSCRIPTIONS} subscriptions. Delete one first.`,
  );
}
