import { setImmediate as breathe } from 'node:timers/promises';
import { BEIJING_OFFSET_MS, beijingDate } from '../beijing-time.ts';
import type { BulkWriter } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import type { FollowerRow } from '../database/schema.ts';
import type { Follower, FollowerAccount, FollowerFilter } from './follower.ts';
import { toFollower } from './follower-row.ts';

/** Rows that are read at a time. SQLite answers synchronously, so the event loop runs between the windows. */
const WINDOW = 2_000;
const DAY_MS = 24 * 60 * 60_000;

export interface FollowerCounts {
  readonly total: number;
  readonly subscribed: number;
  readonly unsubscribed: number;
}

/** One Beijing day. A user who unsubscribed and subscribed again within the range counts once, by the present state. */
export interface GrowthDay {
  readonly day: string;
  readonly subscribed: number;
  readonly unsubscribed: number;
}

/** Followers in SQL, in the order of their openids. No row is ever deleted. */
export class FollowerStore {
  readonly #sql: Sql;
  readonly #bulk: BulkWriter;

  constructor(sql: Sql, bulk: BulkWriter) {
    this.#sql = sql;
    this.#bulk = bulk;
  }

  /** At most `limit` followers whose openids come after `after`; writes in between move no follower to another page. */
  async list(account: FollowerAccount, filter: FollowerFilter, after: string, limit: number): Promise<Follower[]> {
    const found: Follower[] = [];
    const isUnfiltered = Object.values(filter).every((value) => value === undefined);
    for await (const rows of this.#windows(account, filter, after, isUnfiltered ? Math.min(limit, WINDOW) : WINDOW)) {
      for (const row of rows) {
        found.push(toFollower(row));
        if (found.length === limit) return found;
      }
    }
    return found;
  }

  async *stream(account: FollowerAccount, filter: FollowerFilter): AsyncGenerator<Follower[]> {
    for await (const rows of this.#windows(account, filter, '', WINDOW / 2))
      if (rows.length > 0) yield rows.map(toFollower);
  }

  async counts(account: FollowerAccount): Promise<FollowerCounts> {
    let [total, subscribed] = [0, 0];
    let after = '';
    for (;;) {
      const window = this.#window(account, after);
      const row = await this.#sql
        .selectFrom(window.as('w'))
        .select((eb) => [
          eb.fn.countAll<number>().as('total'),
          eb.fn.sum<number | null>('subscribed').as('subscribed'),
          eb.fn.max('openid').as('last'),
        ])
        .executeTakeFirstOrThrow();
      total += Number(row.total);
      subscribed += Number(row.subscribed ?? 0);
      if (Number(row.total) < WINDOW || row.last === null) break;
      after = row.last;
      await breathe();
    }
    return { total, subscribed, unsubscribed: total - subscribed };
  }

  /** `from` and `to` are days (beijing-time.ts), both included. */
  async growth(account: FollowerAccount, from: number, to: number): Promise<GrowthDay[]> {
    const days = Array.from({ length: to - from + 1 }, () => ({ subscribed: 0, unsubscribed: 0 }));
    const count = (at: number | null, what: 'subscribed' | 'unsubscribed') => {
      if (at === null) return;
      const day = days[Math.floor((Number(at) + BEIJING_OFFSET_MS) / DAY_MS) - from];
      if (day) day[what]++;
    };
    const begin = from * DAY_MS - BEIJING_OFFSET_MS;
    const end = (to + 1) * DAY_MS - BEIJING_OFFSET_MS;
    let after = '';
    for (;;) {
      const rows = await this.#window(account, after).execute();
      for (const row of rows) {
        if (row.subscribed_at !== null && row.subscribed_at >= begin && row.subscribed_at < end) {
          count(row.subscribed_at, 'subscribed');
        }
        if (Number(row.subscribed) === 0) count(row.unsubscribed_at, 'unsubscribed');
      }
      if (rows.length < WINDOW) break;
      after = rows.at(-1)!.openid;
      await breathe();
    }
    return days.map((day, i) => ({ day: beijingDate(from + i), ...day }));
  }

  /** Stores what a push reports, unless a newer push is stored. Of two pushes of one second, the later arrival counts. */
  async recordStatus(account: FollowerAccount, openid: string, subscribed: boolean, at: Date): Promise<void> {
    const ms = at.getTime();
    const newer = (then: string, otherwise: string) => `case when status_at <= :at then ${then} else ${otherwise} end`;
    await this.#bulk.write([
      {
        table: 'followers',
        columns: ['component', 'appid', 'openid', 'subscribed', 'status_at', 'subscribed_at', 'unsubscribed_at'],
        key: ['component', 'appid', 'openid'],
        change: {
          subscribed: newer('new.subscribed', 'subscribed'),
          subscribed_at: newer('coalesce(new.subscribed_at, subscribed_at)', 'subscribed_at'),
          unsubscribed_at: newer('new.unsubscribed_at', 'unsubscribed_at'),
          status_at: newer('new.status_at', 'status_at'),
        },
        shared: { at: ms },
        values: [
          ...[account.component, account.appid, openid, subscribed ? 1 : 0, ms],
          ...(subscribed ? [ms, null] : [null, ms]),
        ],
      },
    ]);
  }

  /** The followers after `after` up to `last` (undefined: to the end), in pages. */
  async *statuses(
    { component, appid }: FollowerAccount,
    after: string,
    last: string | undefined,
  ): AsyncGenerator<{ openid: string; subscribed: number; status_at: number }[]> {
    let from = after;
    for (;;) {
      let query = this.#sql
        .selectFrom('followers')
        .select(['openid', 'subscribed', 'status_at'])
        .where('component', '=', component)
        .where('appid', '=', appid)
        .where('openid', '>', from)
        .orderBy('openid')
        .limit(WINDOW);
      if (last !== undefined) query = query.where('openid', '<=', last);
      const rows = await query.execute();
      if (rows.length > 0) yield rows;
      if (rows.length < WINDOW) return;
      from = rows.at(-1)!.openid;
      await breathe();
    }
  }

  /** Reads the key in windows of bounded work, however few rows of a window pass the filter. */
  async *#windows(
    account: FollowerAccount,
    filter: FollowerFilter,
    after: string,
    size: number,
  ): AsyncGenerator<FollowerRow[]> {
    let from = after;
    for (;;) {
      const last = await this.#sql
        .selectFrom(
          this.#key(account, from)
            .select('openid')
            .offset(size - 1)
            .limit(1)
            .as('w'),
        )
        .select('openid')
        .executeTakeFirst();
      let query = this.#key(account, from).selectAll();
      if (last) query = query.where('openid', '<=', last.openid);
      const { subscribed, since, tag, scene } = filter;
      if (subscribed !== undefined) query = query.where('subscribed', '=', subscribed ? 1 : 0);
      if (since !== undefined) query = query.where('subscribed_at', '>=', since.getTime());
      if (tag !== undefined) query = query.where('tag_ids', 'like', `%,${tag},%`);
      if (scene !== undefined) query = query.where('scene', '=', scene);
      // Users who subscribe meanwhile must not make the last window endless.
      yield await query.limit(size).execute();
      if (!last) return;
      from = last.openid;
      await breathe();
    }
  }

  #key({ component, appid }: FollowerAccount, after: string) {
    return this.#sql
      .selectFrom('followers')
      .where('component', '=', component)
      .where('appid', '=', appid)
      .where('openid', '>', after)
      .orderBy('openid');
  }

  #window(account: FollowerAccount, after: string) {
    return this.#key(account, after).select(['openid', 'subscribed', 'subscribed_at', 'unsubscribed_at']).limit(WINDOW);
  }
}
