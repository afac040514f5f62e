import type { Sql } from '../../packages/platform/src/database/open.ts';

/** So many at a time, so that a process that uses the database never waits long for its lock. */
const AT_ONCE = 2_000;
/** The number of accounts that have ended their consent. */
const REVOKED = 60;

/** The name, the handle and the ids of the account of this number. */
export function accountNumber(i: number) {
  const digits = String(i).padStart(8, '0');
  return {
    nickName: `某某超市门店${i}号`,
    handle: `shop-${digits}`,
    appid: `wx88000000${digits}`,
    userName: `gh_${digits}`,
  };
}

/** Stores so many accounts more, as though they had authorized the component. 60 of them, far apart, have ended their consent. */
export async function storeManyAccounts(sql: Sql, component: string, count: number): Promise<void> {
  const now = Date.now();
  const everyRevoked = Math.ceil(count / REVOKED);
  const rowOf = (i: number) => {
    const { nickName, handle, appid, userName } = accountNumber(i);
    return {
      component,
      appid,
      user_name: userName,
      handle: `random-${i}`,
      chosen_handle: handle,
      nick_name: nickName,
      principal_name: '北京某某商贸有限公司',
      kind: 'official-account',
      state: i % everyRevoked === 0 ? 'revoked' : 'active',
      scopes: '[1,2]',
      authorized_at: now,
      updated_at: now,
      // Read far in the future, so that WeChat is not asked for accounts that it does not know.
      profile_due_at: now * 2,
    };
  };
  for (let from = 0; from < count; from += AT_ONCE) {
    const rows = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => rowOf(from + n));
    await sql.insertInto('authorizers').values(rows).execute();
  }
}
