import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';
import type { AuthorizerRow } from '../database/schema.ts';
import { resealField } from '../sealing/reseal-field.ts';
import type { Resealed, Seals } from '../sealing/seals.ts';
import type { AuthorizerState, Grant, GrantEvent } from './authorizer.ts';
import { newCookieValue, rowOf } from './authorizer-row.ts';
import { changeGrantRow, inOneTransaction, recordEvent } from './grant-row.ts';

export interface GrantChange {
  readonly refreshToken?: string | undefined;
  readonly state?: AuthorizerState;
  /** Undefined: unknown; the stored ones stay. */
  readonly scopes?: readonly number[] | undefined;
  readonly authorizedAt?: Date | undefined;
}

/** Grants in SQL, sealed. Every change increments the version; all but a new consent compare it first. */
export class GrantStore {
  readonly #sql: Sql;
  readonly #seals: Seals;
  readonly #replica: Sql;

  /** `replica` may lag behind: only the history is read from it. */
  constructor(sql: Sql, seals: Seals, replica: Sql = sql) {
    this.#sql = sql;
    this.#seals = seals;
    this.#replica = replica;
  }

  /** The same store as part of a transaction. */
  within(transaction: Sql): GrantStore {
    return new GrantStore(transaction, this.#seals);
  }

  async find(component: string, appid: string): Promise<Grant | undefined> {
    const row = await rowOf(this.#sql, component, appid);
    if (!row) return undefined;
    const sealed = row.refresh_token_sealed;
    return toGrant(row, sealed ? this.#seals.open(sealed, grantPlace(component, appid)) : null);
  }

  /** Only the known ones. A refresh token that cannot be opened is null: WeChat's list contains it. */
  async findMany(component: string, appids: readonly string[]): Promise<Map<string, Grant>> {
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
        const refreshToken = sealed ? this.#seals.openIfPossible(sealed, grantPlace(component, appid)) : undefined;
        return [appid, toGrant(row, refreshToken ?? null)];
      }),
    );
  }

  /**
   * Saves the result of a code exchange unconditionally, since consent is WeChat's latest answer. What that answer did not
   * contain stays as it is stored; a refresh token that has ended meanwhile is replaced from WeChat's list.
   */
  async save(
    component: string,
    appid: string,
    grant: { refreshToken: string | undefined; scopes: readonly number[] | undefined; authorizedAt: Date },
  ): Promise<void> {
    const now = Date.now();
    const change = {
      state: 'active',
      ...(grant.scopes ? { scopes: JSON.stringify(grant.scopes) } : {}),
      ...(grant.refreshToken
        ? { refresh_token_sealed: this.#seals.seal(grant.refreshToken, grantPlace(component, appid)) }
        : {}),
      authorized_at: grant.authorizedAt.getTime(),
      updated_at: now,
      // A consent may bring another profile; until it has been read, it is due.
      profile_due_at: now,
    };
    const handle = newCookieValue();
    // WeChat issues a grant only once: it must not be lost with a connection.
    await inOneTransaction(this.#sql, async (sql) => {
      const renew = () => changeGrantRow(sql, component, appid, change);
      if (!(await renew())) {
        const first = sql
          .insertInto('authorizers')
          .values({ component, appid, handle, scopes: '[]', refresh_token_sealed: null, ...change, used_at: now });
        if (!(await insertUnlessThere(first))) await renew();
      }
      const { grant_version: version } = (await rowOf(sql, component, appid))!;
      await recordEvent(sql, component, appid, version === 1 ? 'authorized' : 'reauthorized', now);
    });
  }

  /**
   * Applies WeChat's answer about a grant that was read as `version` before the request; `superseded` if it has changed
   * since. `version` undefined: the authorizer was unknown.
   */
  change(
    component: string,
    appid: string,
    version: number | undefined,
    change: GrantChange,
  ): Promise<'saved' | 'superseded'> {
    const now = Date.now();
    const sealed = change.refreshToken && this.#seals.seal(change.refreshToken, grantPlace(component, appid));
    const scopes = change.scopes && JSON.stringify(change.scopes);
    const event = change.state === 'active' ? 'restored' : change.state;
    const handle = newCookieValue();
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
      return changeGrantRow(sql, component, appid, changes, version);
    };
    /** If the connection was lost before the answer, the conflicting write may have been our own. */
    const ours = async (sql: Sql): Promise<boolean> => {
      const row = await rowOf(sql, component, appid);
      if (version === undefined) return row?.handle === handle;
      const same = row?.grant_version === version + 1 && row.updated_at === now;
      return same && (!sealed || row.refresh_token_sealed === sealed);
    };
    let attempts = 0;
    return inOneTransaction(this.#sql, async (sql) => {
      attempts++;
      if (await attempt(sql)) {
        if (event) await recordEvent(sql, component, appid, event, now);
        return 'saved';
      }
      return attempts > 1 && (await ours(sql)) ? 'saved' : 'superseded';
    });
  }

  /** Newest first; `before` is the version of the last one read. */
  history(
    component: string,
    appid: string,
    page: { limit: number; before?: number | undefined },
  ): Promise<GrantEvent[]> {
    return readEvents(this.#replica, component, appid, page);
  }

  /** Newest first, with everything that was written before. */
  latestEvents(component: string, appid: string, limit: number): Promise<GrantEvent[]> {
    return readEvents(this.#sql, component, appid, { limit });
  }

  /** Changes only the key under which the refresh token is sealed, not the grant's version. */
  reseal(component: string, appid: string): Promise<Resealed> {
    return resealField(this.#seals, grantPlace(component, appid), {
      read: async () => (await rowOf(this.#sql, component, appid))?.refresh_token_sealed,
      swap: async (from, to) => {
        const { numUpdatedRows } = await this.#sql
          .updateTable('authorizers')
          .set({ refresh_token_sealed: to })
          .where('component', '=', component)
          .where('appid', '=', appid)
          .where('refresh_token_sealed', '=', from)
          .executeTakeFirst();
        return numUpdatedRows > 0n;
      },
    });
  }
}

async function readEvents(
  sql: Sql,
  component: string,
  appid: string,
  { limit, before }: { readonly limit: number; readonly before?: number | undefined },
): Promise<GrantEvent[]> {
  let query = sql
    .selectFrom('authorizer_history')
    .selectAll()
    .where('component', '=', component)
    .where('appid', '=', appid)
    .orderBy('grant_version', 'desc')
    .limit(limit);
  if (before !== undefined) query = query.where('grant_version', '<', before);
  return (await query.execute()).map((row) => ({
    version: Number(row.grant_version),
    at: new Date(Number(row.at)),
    event: row.event as GrantEvent['event'],
    state: row.state as AuthorizerState,
    scopes: JSON.parse(row.scopes) as number[],
  }));
}

function toGrant(
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

/** Where a refresh token is sealed. */
export function grantPlace(component: string, appid: string): string {
  return `${component}/${appid}/refresh-token`;
}
