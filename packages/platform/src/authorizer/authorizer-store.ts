import { TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import type { Sql } from '../database/open.ts';
import type { Seals } from '../sealing/seals.ts';
import { type AccountName, type AccountReference, accountKey } from './account-name.ts';
import type { Authorizer } from './authorizer.ts';
import { hasHandle, shownHandle } from './authorizer-filter.ts';
import { AuthorizerList } from './authorizer-list.ts';
import { rowOf, toAuthorizer } from './authorizer-row.ts';
import { AuthorizerCounter } from './authorizer-totals.ts';
import { GrantStore } from './grant-store.ts';
import { HandleStore } from './handle-store.ts';
import { ProfileStore } from './profile-store.ts';

const TEST_APPIDS = TEST_ACCOUNTS.map(({ appid }) => appid);

/** Authorizers in SQL. None is ever deleted. */
export class AuthorizerStore {
  readonly grants: GrantStore;
  readonly profiles: ProfileStore;
  readonly handles: HandleStore;
  readonly lists: AuthorizerList;
  readonly counter: AuthorizerCounter;
  readonly #sql: Sql;
  readonly #replica: Sql;

  /** `replica` may lag behind: only lists are read from it, nothing that a decision or a write depends on. */
  constructor(sql: Sql, seals: Seals, replica: Sql = sql) {
    this.grants = new GrantStore(sql, seals, replica);
    this.profiles = new ProfileStore(sql);
    this.handles = new HandleStore(sql);
    this.lists = new AuthorizerList(replica);
    this.counter = new AuthorizerCounter(replica);
    this.#sql = sql;
    this.#replica = replica;
  }

  async find(component: string, appid: string): Promise<Authorizer | undefined> {
    const row = await rowOf(this.#sql, component, appid);
    return row && toAuthorizer(row);
  }

  async findEverywhere(appid: string): Promise<Authorizer[]> {
    const rows = await this.#sql.selectFrom('authorizers').selectAll().where('appid', '=', appid).execute();
    return rows.map(toAuthorizer);
  }

  async countActive(components: readonly string[]): Promise<number> {
    if (components.length === 0) return 0;
    const { count } = await this.#replica
      .selectFrom('authorizers')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('component', 'in', components)
      .where('state', '=', 'active')
      .where('appid', 'not in', TEST_APPIDS)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Those of these accounts whose consent has not ended, by appid; not from the replica. */
  async consenting(component: string, accounts: readonly string[]): Promise<Authorizer[]> {
    if (accounts.length === 0) return [];
    const rows = await this.#sql
      .selectFrom('authorizers')
      .selectAll()
      .where('component', '=', component)
      .where('appid', 'in', accounts)
      .where('state', '!=', 'revoked')
      .orderBy('appid')
      .execute();
    return rows.map(toAuthorizer);
  }

  /** One of each component at most. */
  async findByHandle(handle: string): Promise<Authorizer[]> {
    const rows = await this.#sql
      .selectFrom('authorizers')
      .selectAll()
      .where((eb) => hasHandle(eb, handle))
      .execute();
    return rows.map(toAuthorizer);
  }

  async findByCookieValue(value: string): Promise<Authorizer | undefined> {
    const row = await this.#sql.selectFrom('authorizers').selectAll().where('handle', '=', value).executeTakeFirst();
    return row && toAuthorizer(row);
  }

  /** What the accounts are called, by `accountKey`: one statement for each component. Accounts that are not known are absent. */
  async names(accounts: readonly AccountReference[]): Promise<ReadonlyMap<string, AccountName>> {
    const appids = new Map<string, Set<string>>();
    for (const { component, appid } of accounts) {
      if (appid === null) continue;
      const own = appids.get(component);
      if (own) own.add(appid);
      else appids.set(component, new Set([appid]));
    }
    const rows = await Promise.all(
      [...appids].map(([component, own]) =>
        this.#sql
          .selectFrom('authorizers')
          .select((eb) => ['component', 'appid', shownHandle(eb).as('handle'), 'nick_name'])
          .where('component', '=', component)
          .where('appid', 'in', [...own])
          .execute(),
      ),
    );
    return new Map(rows.flat().map((row) => [accountKey(row), { handle: row.handle, nickName: row.nick_name }]));
  }

  async markUsed(component: string, appid: string): Promise<void> {
    await this.#sql
      .updateTable('authorizers')
      .set({ used_at: Date.now() })
      .where('component', '=', component)
      .where('appid', '=', appid)
      .execute();
  }

  async countUsedSince(component: string, since: Date): Promise<number> {
    const { count } = await this.#sql
      .selectFrom('authorizers')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('component', '=', component)
      .where('state', '=', 'active')
      .where('used_at', '>=', since.getTime())
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Active ones whose token was refreshed since, behind `from`, by appid; in pages, so that memory use stays constant. */
  async *usedSince(component: string, since: Date, { from = '', pageSize = 500 } = {}): AsyncGenerator<string[]> {
    let after = from;
    for (;;) {
      const rows = await this.#sql
        .selectFrom('authorizers')
        .select('appid')
        .where('component', '=', component)
        .where('state', '=', 'active')
        .where('used_at', '>=', since.getTime())
        .where('appid', '>', after)
        .orderBy('appid')
        .limit(pageSize)
        .execute();
      if (rows.length === 0) return;
      yield rows.map((row) => row.appid);
      after = rows.at(-1)!.appid;
    }
  }

  /** In any state; in pages, so that memory use stays constant. */
  async *all(): AsyncGenerator<{ component: string; appid: string }[]> {
    let last: { component: string; appid: string } | undefined;
    for (;;) {
      let query = this.#sql.selectFrom('authorizers').select(['component', 'appid']);
      const after = last;
      if (after) {
        query = query
          .where('appid', '>=', after.appid)
          .where((eb) => eb.or([eb('appid', '>', after.appid), eb('component', '>', after.component)]));
      }
      const rows = await query.orderBy('appid').orderBy('component').limit(500).execute();
      last = rows.at(-1);
      if (!last) return;
      yield rows;
    }
  }
}
