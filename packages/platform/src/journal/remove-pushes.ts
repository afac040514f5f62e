import type { ReportingWriter } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { RowChanges } from '../database/row-changes.ts';
import type { SqlValue } from '../database/statement.ts';
import type { PushAccount } from './push-store.ts';

/** Rows in one transaction, so that intake never waits for long. */
const WINDOW = 500;

export interface RemovedPushes {
  readonly pushes: number;
  /** Deliveries that were still pending, by subscription. */
  readonly expired: ReadonlyMap<string, number>;
}

/** Removes pushes and their deliveries in windows. Each may be interrupted anywhere, and is then continued by another call. */
export class PushRemoval {
  readonly #sql: Sql;
  readonly #writer: ReportingWriter;

  constructor(sql: Sql, writer: ReportingWriter) {
    this.#sql = sql;
    this.#writer = writer;
  }

  /** What was accepted before. Deliveries first: none may remain without its push. */
  async removeOld(before: Date, signal?: AbortSignal): Promise<RemovedPushes> {
    const seq = before.getTime() * 1_000;
    const expired = new Map<string, number>();
    for (let after = ''; ; ) {
      const subscription = await this.#nextSubscription(after);
      if (subscription === undefined) break;
      const count = await this.#removeOldDeliveries(subscription, seq, signal);
      if (count > 0) expired.set(subscription, count);
      after = subscription;
    }
    let pushes = 0;
    for (;;) {
      signal?.throwIfAborted();
      const rows = await this.#sql
        .selectFrom('pushes')
        .select(['component', 'id'])
        .where('seq', '<', seq)
        .orderBy('seq')
        .orderBy('id')
        .limit(WINDOW)
        .execute();
      await this.#apply([deletePushes(rows)]);
      pushes += rows.length;
      if (rows.length < WINDOW) return { pushes, expired };
    }
  }

  /** One window of an account's pushes and deliveries that were accepted up to `upTo` (seq); true: no more remain. */
  async removeAccount({ component, appid }: PushAccount, upTo: number): Promise<boolean> {
    const deliveries = await this.#sql
      .selectFrom('deliveries')
      .select(['subscription', 'push'])
      .where('component', '=', component)
      .where('appid', '=', appid)
      .where('seq', '<=', upTo)
      .orderBy('seq')
      .limit(WINDOW)
      .execute();
    const pushes = await this.#sql
      .selectFrom('pushes')
      .select(['component', 'id'])
      .where('component', '=', component)
      .where('appid', '=', appid)
      .where('seq', '<=', upTo)
      .orderBy('seq')
      .limit(WINDOW)
      .execute();
    await this.#apply([deleteDeliveries(deliveries), deletePushes(pushes)]);
    return deliveries.length < WINDOW && pushes.length < WINDOW;
  }

  /**
   * One window of an account's pushes behind `after`, up to `upTo` (seq), of which those of the person are removed with their
   * deliveries. Returns the end of the window; undefined: it was the last one.
   */
  async removePerson(
    account: PushAccount,
    hashes: readonly string[],
    after: PushPlace,
    upTo: number,
  ): Promise<PushPlace | undefined> {
    const rows = await this.#window(account, after, upTo);
    const own = rows.filter(({ person }) => person !== null && hashes.includes(person));
    if (own.length > 0) {
      const deliveries = await this.#sql
        .selectFrom('deliveries')
        .select(['subscription', 'push'])
        .where('component', '=', account.component)
        .where('appid', '=', account.appid)
        .where(
          'seq',
          'in',
          own.map(({ seq }) => Number(seq)),
        )
        .where(
          'push',
          'in',
          own.map(({ id }) => id),
        )
        .execute();
      const pushes = own.map(({ id }) => ({ component: account.component, id }));
      await this.#apply([deleteDeliveries(deliveries), deletePushes(pushes)]);
    }
    const last = rows.at(-1);
    return rows.length < WINDOW || !last ? undefined : { seq: Number(last.seq), id: last.id };
  }

  /** Whether the account, or the person of it, has pushes that were accepted after `after` (seq). */
  async remain(account: PushAccount, hashes: readonly string[] | undefined, after: number): Promise<boolean> {
    let place: PushPlace = { seq: after + 1, id: '' };
    for (;;) {
      const rows = await this.#window(account, place, Number.MAX_SAFE_INTEGER);
      if (rows.some(({ person }) => !hashes || (person !== null && hashes.includes(person)))) return true;
      const last = rows.at(-1);
      if (rows.length < WINDOW || !last) return false;
      place = { seq: Number(last.seq), id: last.id };
    }
  }

  #window({ component, appid }: PushAccount, after: PushPlace, upTo: number) {
    return this.#sql
      .selectFrom('pushes')
      .select(['id', 'seq', 'person'])
      .where('component', '=', component)
      .where('appid', '=', appid)
      .where('seq', '>=', after.seq)
      .where('seq', '<=', upTo)
      .where((eb) => eb.or([eb('seq', '>', after.seq), eb('id', '>', after.id)]))
      .orderBy('seq')
      .orderBy('id')
      .limit(WINDOW)
      .execute();
  }

  async #nextSubscription(after: string): Promise<string | undefined> {
    const row = await this.#sql
      .selectFrom('deliveries')
      .select('subscription')
      .where('subscription', '>', after)
      .orderBy('subscription')
      .limit(1)
      .executeTakeFirst();
    return row?.subscription;
  }

  /** Returns how many of them were pending. */
  async #removeOldDeliveries(subscription: string, before: number, signal: AbortSignal | undefined): Promise<number> {
    let pending = 0;
    for (;;) {
      signal?.throwIfAborted();
      const rows = await this.#sql
        .selectFrom('deliveries')
        .select(['subscription', 'push', 'pending_at'])
        .where('subscription', '=', subscription)
        .where('seq', '<', before)
        .orderBy('seq')
        .orderBy('push')
        .limit(WINDOW)
        .execute();
      await this.#apply([deleteDeliveries(rows)]);
      pending += rows.filter((row) => row.pending_at !== null).length;
      if (rows.length < WINDOW) return pending;
    }
  }

  async #apply(changes: readonly RowChanges[]): Promise<void> {
    const steps = changes.filter(({ values }) => values.length > 0);
    if (steps.length > 0) await repeat(() => this.#writer.apply(steps));
  }
}

/** In the order of acceptance. */
export interface PushPlace {
  readonly seq: number;
  readonly id: string;
}

function deletePushes(rows: readonly { readonly component: string; readonly id: string }[]): RowChanges {
  return {
    each: 'delete from pushes where component = ? and id = ?',
    width: 2,
    key: [0, 1],
    values: rows.flatMap(({ component, id }): SqlValue[] => [component, id]),
  };
}

function deleteDeliveries(rows: readonly { readonly subscription: string; readonly push: string }[]): RowChanges {
  return {
    each: 'delete from deliveries where subscription = ? and push = ?',
    width: 2,
    key: [0, 1],
    values: rows.flatMap(({ subscription, push }): SqlValue[] => [subscription, push]),
  };
}
