import { randomBytes } from 'node:crypto';
import { type AuthorizerInfo, Failure } from '@wxthirdparty/wechat';
import type { Updateable } from 'kysely';
import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { AuthorizerRow, AuthorizerTable } from '../database/schema.ts';
import { inTransaction } from '../database/transaction.ts';
import type { Resealed, Seals } from '../sealing/seals.ts';
import type { Authorizer, AuthorizerState, Grant, GrantEvent } from './authorizer.ts';

export interface GrantChange {
  readonly refreshToken?: string | undefined;
  readonly state?: AuthorizerState;
  /** Undefined: not known, and kept. */
  readonly scopes?: readonly number[] | undefined;
  readonly authorizedAt?: Date | undefined;
}

/** What another system knew of an account. */
export interface NewAuthorizer {
  readonly component: string;
  readonly appid: string;
  readonly kind: Authorizer['kind'] | undefined;
  readonly nickName: string | undefined;
  readonly userName: string | undefined;
  readonly headImg: string | undefined;
  readonly handle: string | undefined;
  readonly refreshToken: string | undefined;
  /** When its consent was last known to hold (ms). */
  readonly at: number | undefined;
}

/** Authorizers and their grants in SQL. Nobody is ever deleted. */
export class AuthorizerStore {
  readonly #sql: Sql;
  readonly #seals: Seals;
  readonly #replica: Sql;

  /** `replica` may lag behind: only lists are read from it, nothing that a decision or a write rests on. */
  constructor(sql: Sql, seals: Seals, replica: Sql = sql) {
    this.#sql = sql;
    this.#seals = seals;
    this.#replica = replica;
  }

  /** The same store as part of a transaction. */
  within(transaction: Sql): AuthorizerStore {
    return new AuthorizerStore(transaction, this.#seals);
  }

  async find(component: string, appid: string): Promise<Authorizer | undefined> {
    const row = await this.#row(component, appid);
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
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Ordered by appid, then component; `after` is the last one seen. */
  async list(page: {
    state?: AuthorizerState | undefined;
    /** Only these; none named: all. */
    accounts?: readonly string[] | undefined;
    handle?: string | undefined;
    limit: number;
    after?: { appid: string; component: string } | undefined;
  }): Promise<Authorizer[]> {
    let query = this.#replica
      .selectFrom('authorizers')
      .selectAll()
      .orderBy('appid')
      .orderBy('component')
      .limit(page.limit);
    if (page.state) query = query.where('state', '=', page.state);
    if (page.accounts?.length) query = query.where('appid', 'in', page.accounts);
    if (page.handle !== undefined) query = query.where('handle', '=', page.handle);
    const { after } = page;
    if (after) {
      // Said so that a database finds the place by its index, instead of reading all pages before it.
      query = query
        .where('appid', '>=', after.appid)
        .where((eb) => eb.or([eb('appid', '>', after.appid), eb('component', '>', after.component)]));
    }
    return (await query.execute()).map(toAuthorizer);
  }

  async grant(component: string, appid: string): Promise<Grant | undefined> {
    const row = await this.#row(component, appid);
    if (!row) return undefined;
    const sealed = row.refresh_token_sealed;
    return this.#toGrant(row, sealed ? this.#seals.open(sealed, place(component, appid)) : null);
  }

  /** Of those that we know. A refresh token that cannot be opened is null: WeChat's list has it again. */
  async grants(component: string, appids: readonly string[]): Promise<Map<string, Grant>> {
    if (appids.length === 0) return new Map();
    const rows = await this.#sql
      .selectFrom('authorizers')
      .select(['component', 'appid', 'refresh_token_sealed', 'grant_version', 'state'])
      .where('component', '=', component)
      .where('appid', 'in', appids)
      .execute();
    return new Map(
      rows.map((row) => {
        const { appid, refresh_token_sealed: sealed } = row;
        const refreshToken = sealed ? this.#seals.openIfPossible(sealed, place(component, appid)) : undefined;
        return [appid, this.#toGrant(row, refreshToken ?? null)];
      }),
    );
  }

  /** Notes that the list which a reconciliation began to read at `startedAt` holds them. */
  async markListed(component: string, appids: readonly string[], startedAt: Date): Promise<void> {
    if (appids.length === 0) return;
    await this.#sql
      .updateTable('authorizers')
      .set({ listed_at: startedAt.getTime() })
      .where('component', '=', component)
      .where('appid', 'in', appids)
      .execute();
  }

  /** Those that let us act, as far as we know, and that WeChat's list did not hold; by appid. */
  async notListedSince(component: string, startedAt: Date, after: string, limit: number): Promise<string[]> {
    const rows = await this.#sql
      .selectFrom('authorizers')
      .select('appid')
      .where('component', '=', component)
      .where('state', '!=', 'revoked')
      .where('authorized_at', '<', startedAt.getTime())
      .where((eb) => eb.or([eb('listed_at', 'is', null), eb('listed_at', '<', startedAt.getTime())]))
      .where('appid', '>', after)
      .orderBy('appid')
      .limit(limit)
      .execute();
    return rows.map((row) => row.appid);
  }

  /** Whose profile is due, longest first; they count as asked for `holdMs`, so that nobody claims them twice. */
  async claimDueProfiles(component: string, limit: number, holdMs: number): Promise<string[]> {
    const now = Date.now();
    const rows = await this.#sql
      .selectFrom('authorizers')
      .select('appid')
      .where('component', '=', component)
      .where('state', '!=', 'revoked')
      .where('profile_due_at', '<=', now)
      .orderBy('profile_due_at')
      .limit(limit)
      .execute();
    const appids = rows.map((row) => row.appid);
    if (appids.length === 0) return [];
    await this.#sql
      .updateTable('authorizers')
      .set({ profile_due_at: now + holdMs })
      .where('component', '=', component)
      .where('appid', 'in', appids)
      .execute();
    return appids;
  }

  /** Its profile is due after `byMs`, and not before. */
  async postponeProfile(component: string, appid: string, byMs: number): Promise<void> {
    await this.#sql
      .updateTable('authorizers')
      .set({ profile_due_at: Math.floor(Date.now() + byMs) })
      .where('component', '=', component)
      .where('appid', '=', appid)
      .execute();
  }

  /**
   * What a code exchange brought: saved whatever was there, since consent is WeChat's last word. What the answer did not
   * say stays as it is stored; a refresh token that has ended meanwhile is replaced from WeChat's list.
   */
  async saveGrant(
    component: string,
    appid: string,
    grant: { refreshToken: string | undefined; scopes: readonly number[] | undefined; authorizedAt: Date },
  ): Promise<void> {
    const now = Date.now();
    const change = {
      state: 'active',
      ...(grant.scopes ? { scopes: JSON.stringify(grant.scopes) } : {}),
      ...(grant.refreshToken
        ? { refresh_token_sealed: this.#seals.seal(grant.refreshToken, place(component, appid)) }
        : {}),
      authorized_at: grant.authorizedAt.getTime(),
      updated_at: now,
      // A consent may bring another profile; until it has been read, it is due.
      profile_due_at: now,
    };
    const handle = newHandle();
    // WeChat gives a grant only once: it must not be lost with a connection.
    await this.#whole(async (sql) => {
      const renew = () => update(sql, component, appid, change);
      if (!(await renew())) {
        const first = sql
          .insertInto('authorizers')
          .values({ component, appid, handle, scopes: '[]', refresh_token_sealed: null, ...change, used_at: now });
        if (!(await insertUnlessThere(first))) await renew();
      }
      const { grant_version: version } = (await rowOf(sql, component, appid))!;
      await remember(sql, component, appid, version === 1 ? 'authorized' : 'reauthorized', now);
    });
  }

  /**
   * What WeChat told about a grant that we had read as `version` before asking; `superseded` where it has changed since.
   * `version` undefined: the authorizer was unknown.
   */
  changeGrant(
    component: string,
    appid: string,
    version: number | undefined,
    change: GrantChange,
  ): Promise<'saved' | 'superseded'> {
    const now = Date.now();
    const sealed = change.refreshToken && this.#seals.seal(change.refreshToken, place(component, appid));
    const scopes = change.scopes && JSON.stringify(change.scopes);
    const event = change.state === 'active' ? 'restored' : change.state;
    const handle = newHandle();
    const attempt = async (sql: Sql): Promise<boolean> => {
      if (version === undefined) {
        const found = sql.insertInto('authorizers').values({
          component,
          appid,
          handle,
          state: change.state ?? 'active',
          scopes: scopes ?? '[]',
          refresh_token_sealed: sealed ?? null,
          authorized_at: change.authorizedAt?.getTime() ?? now,
          updated_at: now,
          profile_due_at: now,
        });
        return insertUnlessThere(found);
      }
      const changes = {
        ...(change.state ? { state: change.state } : {}),
        ...(scopes ? { scopes } : {}),
        ...(change.authorizedAt ? { authorized_at: change.authorizedAt.getTime() } : {}),
        ...(sealed ? { refresh_token_sealed: sealed } : {}),
        updated_at: now,
      };
      return update(sql, component, appid, changes, version);
    };
    /** Where the connection was lost before the answer, the write that was in the way may have been our own. */
    const ours = async (sql: Sql): Promise<boolean> => {
      const row = await rowOf(sql, component, appid);
      if (version === undefined) return row?.handle === handle;
      const same = row?.grant_version === version + 1 && row.updated_at === now;
      return same && (!sealed || row.refresh_token_sealed === sealed);
    };
    let attempts = 0;
    return this.#whole(async (sql) => {
      attempts++;
      if (await attempt(sql)) {
        if (event) await remember(sql, component, appid, event, now);
        return 'saved';
      }
      return attempts > 1 && (await ours(sql)) ? 'saved' : 'superseded';
    });
  }

  /**
   * The profile, and the scopes where the grant is still the one that was read as `version` before asking. What WeChat did
   * not say stays as it is stored. `nextInMs`: when it is to be asked again.
   */
  async saveProfile(component: string, info: AuthorizerInfo, version: number, nextInMs: number): Promise<void> {
    const { appid } = info;
    const now = Date.now();
    await this.#whole(async (sql) => {
      await sql
        .updateTable('authorizers')
        .set({
          ...said('nick_name', info.nickName),
          ...said('user_name', info.userName),
          ...said('head_img', info.headImg === '' ? null : info.headImg),
          ...said('principal_name', info.principalName === '' ? null : info.principalName),
          ...said('alias', info.alias === '' ? null : info.alias),
          ...said('service_type', info.serviceType),
          ...said('verify_type', info.verifyType),
          ...said('account_status', info.accountStatus),
          profile_at: now,
          profile_due_at: Math.floor(now + nextInMs),
          updated_at: now,
        })
        .where('component', '=', component)
        .where('appid', '=', appid)
        .execute();
      const row = await rowOf(sql, component, appid);
      if (!row) return;
      // An account never changes its kind: a mini program whose answer lacks the mark of one is still one.
      if (info.kind === 'mini-program' ? row.kind !== info.kind : row.kind === null) {
        await sql
          .updateTable('authorizers')
          .set({ kind: info.kind })
          .where('component', '=', component)
          .where('appid', '=', appid)
          .execute();
      }
      if (!info.scopes || sameScopes(JSON.parse(row.scopes) as number[], info.scopes)) return;
      const scopes = JSON.stringify(info.scopes);
      if (await update(sql, component, appid, { scopes }, version)) {
        await remember(sql, component, appid, 'scopes-changed', now);
      }
    });
  }

  /** Newest first; `before` is the version of the last one seen. */
  async history(
    component: string,
    appid: string,
    page: { limit: number; before?: number | undefined },
  ): Promise<GrantEvent[]> {
    let query = this.#replica
      .selectFrom('authorizer_history')
      .selectAll()
      .where('component', '=', component)
      .where('appid', '=', appid)
      .orderBy('grant_version', 'desc')
      .limit(page.limit);
    if (page.before !== undefined) query = query.where('grant_version', '<', page.before);
    return (await query.execute()).map((row) => ({
      version: Number(row.grant_version),
      at: new Date(Number(row.at)),
      event: row.event as GrantEvent['event'],
      state: row.state as AuthorizerState,
      scopes: JSON.parse(row.scopes) as number[],
    }));
  }

  /** One that another system knew; false where it is known here. Without a handle it gets a new one. */
  async add({ component, appid, refreshToken, at, ...known }: NewAuthorizer): Promise<boolean> {
    const now = Date.now();
    const first = this.#sql.insertInto('authorizers').values({
      component,
      appid,
      kind: known.kind ?? null,
      nick_name: known.nickName ?? null,
      user_name: known.userName ?? null,
      head_img: known.headImg ?? null,
      state: 'active',
      scopes: '[]',
      handle: known.handle ?? newHandle(),
      refresh_token_sealed: refreshToken === undefined ? null : this.#seals.seal(refreshToken, place(component, appid)),
      authorized_at: at ?? now,
      updated_at: now,
      used_at: at ?? null,
      profile_due_at: now,
    });
    return insertUnlessThere(first);
  }

  async findByHandle(handle: string): Promise<Authorizer | undefined> {
    const row = await this.#sql.selectFrom('authorizers').selectAll().where('handle', '=', handle).executeTakeFirst();
    return row && toAuthorizer(row);
  }

  /** False where another account has it. */
  async changeHandle(component: string, appid: string, handle: string): Promise<boolean> {
    return insertUnlessThere(
      this.#sql
        .updateTable('authorizers')
        .set({ handle })
        .where('component', '=', component)
        .where('appid', '=', appid),
    );
  }

  async markUsed(component: string, appid: string): Promise<void> {
    await this.#sql
      .updateTable('authorizers')
      .set({ used_at: Date.now() })
      .where('component', '=', component)
      .where('appid', '=', appid)
      .execute();
  }

  /** Active ones whose token was refreshed since; in pages, so that memory stays flat. */
  async *usedSince(component: string, since: Date): AsyncGenerator<string[]> {
    let after = '';
    for (;;) {
      const rows = await this.#sql
        .selectFrom('authorizers')
        .select('appid')
        .where('component', '=', component)
        .where('state', '=', 'active')
        .where('used_at', '>=', since.getTime())
        .where('appid', '>', after)
        .orderBy('appid')
        .limit(1_000)
        .execute();
      if (rows.length === 0) return;
      yield rows.map((row) => row.appid);
      after = rows.at(-1)!.appid;
    }
  }

  /** All of them, whatever their state; in pages, so that memory stays flat. */
  async *everybody(): AsyncGenerator<{ component: string; appid: string }[]> {
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

  /** Changes nothing but the key under which the refresh token lies; who reads the grant's version meets no change. */
  async resealGrant(component: string, appid: string): Promise<Resealed> {
    const sealed = (await this.#row(component, appid))?.refresh_token_sealed;
    if (!sealed) return 'none';
    const anew = this.#seals.reseal(sealed, place(component, appid));
    if (!anew) return 'current';
    const { numUpdatedRows } = await this.#sql
      .updateTable('authorizers')
      .set({ refresh_token_sealed: anew })
      .where('component', '=', component)
      .where('appid', '=', appid)
      .where('refresh_token_sealed', '=', sealed)
      .executeTakeFirst();
    return numUpdatedRows > 0n ? 'resealed' : 'superseded';
  }

  #toGrant(
    { component, appid, ...row }: Pick<AuthorizerRow, 'component' | 'appid' | 'grant_version' | 'state'>,
    refreshToken: string | null,
  ): Grant {
    return {
      component,
      appid,
      refreshToken,
      version: Number(row.grant_version),
      state: row.state as AuthorizerState,
    };
  }

  #row(component: string, appid: string): Promise<AuthorizerRow | undefined> {
    return rowOf(this.#sql, component, appid);
  }

  /** One transaction, repeated where its connection is lost; as part of another one, that is the other's affair. */
  #whole<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#sql.isTransaction ? work(this.#sql) : repeat(() => inTransaction(this.#sql, work));
  }
}

function toAuthorizer(row: AuthorizerRow): Authorizer {
  return {
    component: row.component,
    appid: row.appid,
    kind: row.kind as Authorizer['kind'],
    nickName: row.nick_name,
    userName: row.user_name,
    headImg: row.head_img,
    principalName: row.principal_name,
    alias: row.alias,
    serviceType: row.service_type,
    verifyType: row.verify_type,
    accountStatus: row.account_status,
    state: row.state as AuthorizerState,
    scopes: JSON.parse(row.scopes) as number[],
    handle: row.handle,
    authorizedAt: new Date(Number(row.authorized_at)),
    updatedAt: new Date(Number(row.updated_at)),
    profileAt: row.profile_at === null ? null : new Date(Number(row.profile_at)),
  };
}

/** Counts the grant's version up; false where there is no such grant (of that version, where one is named). */
async function update(
  sql: Sql,
  component: string,
  appid: string,
  change: Updateable<AuthorizerTable>,
  version?: number,
): Promise<boolean> {
  let query = sql
    .updateTable('authorizers')
    .set((eb) => ({ ...change, grant_version: eb('grant_version', '+', 1) }))
    .where('component', '=', component)
    .where('appid', '=', appid);
  if (version !== undefined) query = query.where('grant_version', '=', version);
  return Number((await query.executeTakeFirst()).numUpdatedRows) > 0;
}

function rowOf(sql: Sql, component: string, appid: string): Promise<AuthorizerRow | undefined> {
  return sql
    .selectFrom('authorizers')
    .selectAll()
    .where('component', '=', component)
    .where('appid', '=', appid)
    .executeTakeFirst();
}

/** Notes what has just happened to the grant, as part of the same transaction. */
async function remember(
  sql: Sql,
  component: string,
  appid: string,
  event: GrantEvent['event'],
  at: number,
): Promise<void> {
  await sql
    .insertInto('authorizer_history')
    .columns(['component', 'appid', 'grant_version', 'at', 'event', 'state', 'scopes'])
    .expression((eb) =>
      eb
        .selectFrom('authorizers')
        .select((s) => [
          'component',
          'appid',
          'grant_version',
          s.val(at).as('at'),
          s.val(event as string).as('event'),
          'state',
          'scopes',
        ])
        .where('component', '=', component)
        .where('appid', '=', appid),
    )
    .execute();
}

/** Nothing, where WeChat did not say. */
function said<Column extends string, Value>(column: Column, value: Value | undefined): { [name in Column]?: Value } {
  return value === undefined ? {} : ({ [column]: value } as { [name in Column]: Value });
}

function sameScopes(one: readonly number[], other: readonly number[]): boolean {
  const set = new Set(one);
  return set.size === new Set(other).size && other.every((id) => set.has(id));
}

function newHandle(): string {
  return randomBytes(18).toString('base64url');
}

function place(component: string, appid: string): string {
  return `${component}/${appid}/refresh-token`;
}

export function unknownAuthorizer(appid: string): Failure {
  return new Failure(
    'unknown_authorizer',
    'fix-request',
    `No account ${/^[A-Za-z0-9_-]{1,64}$/.test(appid) ? appid : '(not an appid)'} has authorized a component of this deployment.`,
  );
}
