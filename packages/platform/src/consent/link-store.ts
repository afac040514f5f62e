import { randomBytes } from 'node:crypto';
import { inOneTransaction } from '../authorizer/grant-row.ts';
import { HandleStore } from '../authorizer/handle-store.ts';
import { handleTaken } from '../authorizer/handle-taken.ts';
import { type CreatedPlace, createdBefore, createdPlaceOf, cursorOfCreated } from '../database/created-order.ts';
import type { Sql } from '../database/open.ts';
import type { AuthorizationLinkTable } from '../database/schema.ts';
import { inTransaction } from '../database/transaction.ts';
import { type Page, type PageRequest, pageFromWindows } from '../paging.ts';
import type { AuthorizationLink, ConsentOptions, LinkOptions, LinkState } from './authorization-link.ts';

const KEPT_MS = 90 * 24 * 60 * 60_000;

export interface LinkListRequest extends PageRequest {
  readonly components: readonly string[];
  readonly state?: LinkState | undefined;
  /** Only links that are for one of these accounts, or were used by one; empty: all. */
  readonly accounts: readonly string[];
}

/** Authorization links in SQL. Of pre-auth codes only the hash is stored. */
export class LinkStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async create(component: string, options: LinkOptions, expiresInMs: number): Promise<AuthorizationLink> {
    const now = Date.now();
    const row: AuthorizationLinkTable = {
      // A caller that knows it can consent by it; so it cannot be guessed.
      id: randomBytes(20).toString('hex'),
      component,
      style: options.style,
      auth_type: options.authType,
      biz_appid: options.bizAppid,
      category_id_list: options.categoryIdList,
      return_to: options.returnTo,
      state: 'pending',
      appid: null,
      failure_code: null,
      failure_message: null,
      created_at: now,
      expires_at: now + expiresInMs,
      opened_at: null,
      settled_at: null,
      handle: options.handle,
      handle_at: null,
    };
    await this.#sql.insertInto('authorization_links').values(row).execute();
    return toLink(row);
  }

  async find(id: string): Promise<AuthorizationLink | undefined> {
    const row = await rowOf(this.#sql, id);
    return row && toLink(row);
  }

  /** The newest first. A page may hold fewer than `limit` although there is a next one. Throws Failure `invalid_request`. */
  async list({ components, state, accounts, limit, cursor }: LinkListRequest): Promise<Page<AuthorizationLink>> {
    const page = await pageFromWindows<CreatedPlace, AuthorizationLinkTable>({
      after: createdPlaceOf(cursor),
      limit,
      read: (after, count) => this.#before(after, count),
      passes: (row) =>
        components.includes(row.component) &&
        (state === undefined || stateOf(row) === state) &&
        (accounts.length === 0 || accounts.some((own) => own === row.appid || own === row.biz_appid)),
      cursorOf: cursorOfCreated,
    });
    return { items: page.items.map(toLink), next: page.next };
  }

  #before(after: CreatedPlace | undefined, count: number): Promise<AuthorizationLinkTable[]> {
    let query = this.#sql
      .selectFrom('authorization_links')
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(count);
    if (after) query = query.where(createdBefore(after));
    return query.execute();
  }

  /** Ties a new pre-auth code to the link; false if the link has been used or has expired. */
  open(id: string, preAuthHash: string): Promise<boolean> {
    const now = Date.now();
    return inTransaction(this.#sql, async (sql) => {
      const opened = await sql
        .updateTable('authorization_links')
        .set({ state: 'opened', opened_at: now, failure_code: null, failure_message: null, settled_at: null })
        .where('id', '=', id)
        .where('state', 'in', ['pending', 'opened', 'failed'])
        .where('expires_at', '>', now)
        .executeTakeFirst();
      if (Number(opened.numUpdatedRows) === 0) return false;
      await sql
        .insertInto('authorization_openings')
        .values({ pre_auth_hash: preAuthHash, link_id: id, opened_at: now })
        .execute();
      return true;
    });
  }

  async idOfPreAuthCode(preAuthHash: string): Promise<string | undefined> {
    const row = await this.#sql
      .selectFrom('authorization_openings')
      .select('link_id')
      .where('pre_auth_hash', '=', preAuthHash)
      .executeTakeFirst();
    return row?.link_id;
  }

  /**
   * The first account to authorize by a link keeps it, and gets its handle, if no other account has that. A consent outweighs an
   * earlier failure, and the link's end. Whether the handle was given now: a repetition gives it no second time, since the business
   * may have chosen another one.
   */
  authorized(id: string, appid: string): Promise<'given' | 'taken' | undefined> {
    return inOneTransaction(this.#sql, async (sql) => {
      const now = Date.now();
      await sql
        .updateTable('authorization_links')
        .set({ state: 'authorized', appid, failure_code: null, failure_message: null, settled_at: now })
        .where('id', '=', id)
        .where('state', '!=', 'authorized')
        .execute();
      // A process of an older version settles the link without its handle.
      const due = await sql
        .updateTable('authorization_links')
        .set({ handle_at: now })
        .where('id', '=', id)
        .where('appid', '=', appid)
        .where('handle', 'is not', null)
        .where('handle_at', 'is', null)
        .executeTakeFirst();
      if (Number(due.numUpdatedRows) === 0) return undefined;
      const { component, handle } = (await rowOf(sql, id))!;
      if ((await new HandleStore(sql).choose(component, appid, handle!)) === 'chosen') return 'given';
      const { code, message } = handleTaken(handle!);
      await sql
        .updateTable('authorization_links')
        .set({ failure_code: code, failure_message: message })
        .where('id', '=', id)
        .execute();
      return 'taken';
    });
  }

  async failed(id: string, failure: { readonly code: string; readonly message: string }): Promise<void> {
    await this.#sql
      .updateTable('authorization_links')
      .set({
        state: 'failed',
        failure_code: failure.code,
        failure_message: failure.message,
        settled_at: Date.now(),
      })
      .where('id', '=', id)
      .where('state', '!=', 'authorized')
      .execute();
  }

  /** Deletes the links that can no longer be used. */
  async prune(): Promise<void> {
    const before = Date.now() - KEPT_MS;
    await this.#sql.deleteFrom('authorization_openings').where('opened_at', '<', before).execute();
    await this.#sql
      .deleteFrom('authorization_links')
      .where('created_at', '<', before)
      .where('expires_at', '<', before)
      .execute();
  }
}

function rowOf(sql: Sql, id: string): Promise<AuthorizationLinkTable | undefined> {
  return sql.selectFrom('authorization_links').selectAll().where('id', '=', id).executeTakeFirst();
}

function toLink(row: AuthorizationLinkTable): AuthorizationLink {
  const date = (ms: number | null) => (ms === null ? null : new Date(Number(ms)));
  return {
    id: row.id,
    component: row.component,
    style: row.style as ConsentOptions['style'],
    authType: Number(row.auth_type),
    bizAppid: row.biz_appid,
    categoryIdList: row.category_id_list,
    returnTo: row.return_to,
    handle: row.handle,
    state: stateOf(row),
    appid: row.appid,
    failure: row.failure_code === null ? null : { code: row.failure_code, message: row.failure_message ?? '' },
    createdAt: new Date(Number(row.created_at)),
    expiresAt: new Date(Number(row.expires_at)),
    openedAt: date(row.opened_at),
    settledAt: date(row.settled_at),
  };
}

function stateOf(row: AuthorizationLinkTable): LinkState {
  const isOver = Number(row.expires_at) <= Date.now();
  return isOver && (row.state === 'pending' || row.state === 'opened') ? 'expired' : (row.state as LinkState);
}
