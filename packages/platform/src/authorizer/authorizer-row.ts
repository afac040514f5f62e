import { randomBytes } from 'node:crypto';
import { isTestAccount } from '@wxthirdparty/wechat';
import type { Sql } from '../database/open.ts';
import type { AuthorizerRow } from '../database/schema.ts';
import type { Authorizer, AuthorizerState } from './authorizer.ts';

export function toAuthorizer(row: AuthorizerRow): Authorizer {
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
    handle: row.chosen_handle ?? row.handle,
    cookieValue: row.handle,
    authorizedAt: new Date(Number(row.authorized_at)),
    updatedAt: new Date(Number(row.updated_at)),
    profileAt: row.profile_at === null ? null : new Date(Number(row.profile_at)),
    isTest: isTestAccount(row.appid),
  };
}

export function rowOf(sql: Sql, component: string, appid: string): Promise<AuthorizerRow | undefined> {
  return sql
    .selectFrom('authorizers')
    .selectAll()
    .where('component', '=', component)
    .where('appid', '=', appid)
    .executeTakeFirst();
}

/** Of a new account: it cannot be guessed. */
export function newCookieValue(): string {
  return randomBytes(18).toString('base64url');
}
