import type { Authorizer } from '../../authorizer/authorizer.ts';
import { newCookieValue } from '../../authorizer/authorizer-row.ts';
import { grantPlace } from '../../authorizer/grant-store.ts';
import { insertUnlessThere } from '../../database/insert-unless-there.ts';
import type { Sql } from '../../database/open.ts';
import type { Seals } from '../../sealing/seals.ts';

/** What another system stored of an account. */
export interface NewAuthorizer {
  readonly component: string;
  readonly appid: string;
  readonly kind: Authorizer['kind'] | undefined;
  readonly nickName: string | undefined;
  readonly userName: string | undefined;
  readonly headImg: string | undefined;
  readonly cookieValue: string | undefined;
  readonly refreshToken: string | undefined;
  /** When its consent was last known to be valid (ms). */
  readonly at: number | undefined;
}

/** False if it is known here. Without a cookie value it gets a new one. */
export async function addAccount(
  sql: Sql,
  seals: Seals,
  { component, appid, refreshToken, at, ...known }: NewAuthorizer,
): Promise<boolean> {
  const now = Date.now();
  const first = sql.insertInto('authorizers').values({
    component,
    appid,
    kind: known.kind ?? null,
    nick_name: known.nickName ?? null,
    user_name: known.userName ?? null,
    head_img: known.headImg ?? null,
    state: 'active',
    scopes: '[]',
    handle: known.cookieValue ?? newCookieValue(),
    refresh_token_sealed: refreshToken === undefined ? null : seals.seal(refreshToken, grantPlace(component, appid)),
    authorized_at: at ?? now,
    updated_at: now,
    used_at: at ?? null,
    profile_due_at: now,
  });
  return insertUnlessThere(first);
}

/** False if another account has it. */
export function changeCookieValue(sql: Sql, component: string, appid: string, value: string): Promise<boolean> {
  return insertUnlessThere(
    sql.updateTable('authorizers').set({ handle: value }).where('component', '=', component).where('appid', '=', appid),
  );
}
