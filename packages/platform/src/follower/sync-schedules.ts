import { nextBeijing } from '../beijing-time.ts';
import type { Sql } from '../database/open.ts';
import type { FollowerAccount } from './follower.ts';
import { activeKey, newRow } from './follower-sync-store.ts';

const MAX_STARTS = 100;

export interface SyncSchedule {
  /** `HH:MM`, Beijing time. */
  readonly at: string;
  readonly details: boolean;
  readonly nextAt: Date;
}

/** The daily follower syncs of accounts. */
export class SyncSchedules {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find({ component, appid }: FollowerAccount): Promise<SyncSchedule | undefined> {
    const row = await this.#sql
      .selectFrom('follower_sync_schedules')
      .selectAll()
      .where('component', '=', component)
      .where('appid', '=', appid)
      .executeTakeFirst();
    return row && { at: row.at, details: Number(row.details) === 1, nextAt: new Date(Number(row.next_at)) };
  }

  async set(
    { component, appid }: FollowerAccount,
    { at, details }: { readonly at: string; readonly details: boolean },
  ): Promise<SyncSchedule> {
    const nextAt = nextBeijing(at, Date.now());
    const values = { at, details: details ? 1 : 0, next_at: nextAt };
    await this.#sql.transaction().execute(async (transaction) => {
      await transaction
        .deleteFrom('follower_sync_schedules')
        .where('component', '=', component)
        .where('appid', '=', appid)
        .execute();
      await transaction
        .insertInto('follower_sync_schedules')
        .values({ component, appid, ...values })
        .execute();
    });
    return { at, details, nextAt: new Date(nextAt) };
  }

  async drop({ component, appid }: FollowerAccount): Promise<void> {
    await this.#sql
      .deleteFrom('follower_sync_schedules')
      .where('component', '=', component)
      .where('appid', '=', appid)
      .execute();
  }

  /**
   * Starts the syncs that are due, and returns their ids. The next time is set in the transaction that starts the sync, so
   * that each day has one sync, however many processes try or die. A sync that is running counts as the day's.
   */
  async startDue(component: string, now = Date.now()): Promise<string[]> {
    const due = await this.#sql
      .selectFrom('follower_sync_schedules')
      .selectAll()
      .where('component', '=', component)
      .where('next_at', '<=', now)
      .limit(MAX_STARTS)
      .execute();
    const started: string[] = [];
    for (const { appid, at, details, next_at } of due) {
      const row = newRow({ component, appid }, Number(details) === 1, now);
      const isStarted = await this.#sql.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('follower_sync_schedules')
          .set({ next_at: nextBeijing(at, now) })
          .where('component', '=', component)
          .where('appid', '=', appid)
          .where('next_at', '=', next_at)
          .executeTakeFirst();
        if (Number(numUpdatedRows) === 0) return false;
        const running = await transaction
          .selectFrom('follower_syncs')
          .select('id')
          .where('active_key', '=', activeKey(row))
          .executeTakeFirst();
        if (running) return false;
        await transaction.insertInto('follower_syncs').values(row).execute();
        return true;
      });
      if (isStarted) started.push(row.id);
    }
    return started;
  }
}
