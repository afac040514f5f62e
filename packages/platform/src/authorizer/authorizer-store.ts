import { randomBytes } from 'node:crypto';
import { type AuthorizerInfo, Failure } from '@wxthirdparty/wechat';
import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { AuthorizerRow } from '../database/schema.ts';
import type { Resealed, Seals } from '../redis/sealed.ts';
import type { Authorizer, AuthorizerState, Grant } from './authorizer.ts';

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

  async find(component: string, appid: string): Promise<Authorizer | undefined> {
    const row = await this.#row(component, appid);
    return row && toAuthorizer(row);
  }

  async findEverywhere(appid: string): Promise<Authorizer[]> {
    const rows = await this.#sql.selectFrom('authorizers').selectAll().where('appid', '=', appid).execute();
    return rows.map(toAuthorizer);
  }

  /** Ordered by appid, then component; `after` is the last one seen. */
  async list(page: {
    state?: AuthorizerState | undefined;
    /** Only these; none named: all. */
    accounts?: readonly string[] | undefined;
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
    const { after } = page;
    if (after) {
      query = query.where((eb) =>
        eb.or([
          eb('appid', '>', after.appid),
          eb.and([eb('appid', '=', after.appid), eb('component', '>', after.component)]),
        ]),
      );
    }
    return (await query.execute()).map(toAuthorizer);
  }

  async grant(component: string, appid: string): Promise<Grant | undefined> {
    const row = await this.#row(component, appid);
    if (!row) return undefined;
    const sealed = row.refresh_token_sealed;
    return {
      component,
      appid,
      refreshToken: sealed ? this.#seals.open(sealed, place(component, appid)) : null,
      version: Number(row.grant_version),
      state: row.state as AuthorizerState,
    };
  }

  /** What a code exchange brought: saved whatever was there, since consent is WeChat's last word. */
  async saveGrant(
    component: string,
    appid: string,
    grant: { refreshToken: string | undefined; scopes: readonly number[]; authorizedAt: Date },
  ): Promise<void> {
    const now = Date.now();
    const change = {
      state: 'active',
      scopes: JSON.stringify(grant.scopes),
      refresh_token_sealed: grant.refreshToken ? this.#seals.seal(grant.refreshToken, place(component, appid)) : null,
      authorized_at: grant.authorizedAt.getTime(),
      updated_at: now,
    };
    const renew = async () => {
      const { numUpdatedRows } = await this.#sql
        .updateTable('authorizers')
        .set((eb) => ({ ...change, grant_version: eb('grant_version', '+', 1) }))
        .where('component', '=', component)
        .where('appid', '=', appid)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    };
    const first = { component, appid, handle: newHandle(), ...change, used_at: now };
    // WeChat gives a grant only once: it must not be lost with a connection.
    await repeat(async () => {
      if (await renew()) return;
      if (!(await insertUnlessThere(this.#sql.insertInto('authorizers').values(first)))) await renew();
    });
  }

  /**
   * What WeChat told about a grant that we had read as `version` before asking; `outrun` where it has changed since.
   * `version` undefined: the authorizer was unknown.
   */
  async changeGrant(
    component: string,
    appid: string,
    version: number | undefined,
    change: { refreshToken?: string; state?: AuthorizerState; scopes?: readonly number[] },
  ): Promise<'saved' | 'outrun'> {
    const now = Date.now();
    const sealed = change.refreshToken && this.#seals.seal(change.refreshToken, place(component, appid));
    const scopes = change.scopes && JSON.stringify(change.scopes);
    const handle = newHandle();
    const attempt = async (): Promise<boolean> => {
      if (version === undefined) {
        const found = this.#sql.insertInto('authorizers').values({
          component,
          appid,
          handle,
          state: change.state ?? 'active',
          scopes: scopes ?? '[]',
          refresh_token_sealed: sealed ?? null,
          authorized_at: now,
          updated_at: now,
          used_at: now,
        });
        return insertUnlessThere(found);
      }
      const { numUpdatedRows } = await this.#sql
        .updateTable('authorizers')
        .set((eb) => ({
          ...(change.state ? { state: change.state } : {}),
          ...(scopes ? { scopes } : {}),
          ...(sealed ? { refresh_token_sealed: sealed } : {}),
          updated_at: now,
          grant_version: eb('grant_version', '+', 1),
        }))
        .where('component', '=', component)
        .where('appid', '=', appid)
        .where('grant_version', '=', version)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    };
    /** Where the connection was lost before the answer, the write that was in the way may have been our own. */
    const ours = async (): Promise<boolean> => {
      const row = await this.#row(component, appid);
      if (version === undefined) return row?.handle === handle;
      const same = row?.grant_version === version + 1 && row.updated_at === now;
      return same && (!sealed || row.refresh_token_sealed === sealed);
    };
    let attempts = 0;
    return repeat(async () => {
      attempts++;
      return (await attempt()) || (attempts > 1 && (await ours())) ? 'saved' : 'outrun';
    });
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

  async saveProfile(component: string, info: AuthorizerInfo): Promise<void> {
    await this.#sql
      .updateTable('authorizers')
      .set({
        kind: info.kind,
        nick_name: info.nickName,
        user_name: info.userName,
        head_img: info.headImg ?? null,
        principal_name: info.principalName ?? null,
        updated_at: Date.now(),
      })
      .where('component', '=', component)
      .where('appid', '=', info.appid)
      .execute();
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
        query = query.where((eb) =>
          eb.or([
            eb('appid', '>', after.appid),
            eb.and([eb('appid', '=', after.appid), eb('component', '>', after.component)]),
          ]),
        );
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
    if (!anew) return 'fresh';
    const { numUpdatedRows } = await this.#sql
      .updateTable('authorizers')
      .set({ refresh_token_sealed: anew })
      .where('component', '=', component)
      .where('appid', '=', appid)
      .where('refresh_token_sealed', '=', sealed)
      .executeTakeFirst();
    return numUpdatedRows > 0n ? 'resealed' : 'outrun';
  }

  #row(component: string, appid: string): Promise<AuthorizerRow | undefined> {
    return this.#sql
      .selectFrom('authorizers')
      .selectAll()
      .where('component', '=', component)
      .where('appid', '=', appid)
      .executeTakeFirst();
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
    state: row.state as AuthorizerState,
    scopes: JSON.parse(row.scopes) as number[],
    handle: row.handle,
    authorizedAt: new Date(Number(row.authorized_at)),
    updatedAt: new Date(Number(row.updated_at)),
  };
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
