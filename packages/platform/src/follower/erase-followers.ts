import type { ReportingWriter } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { SqlValue } from '../database/statement.ts';
import type { FollowerAccount } from './follower.ts';

const WINDOW = 500;

/** One window of the account's followers is removed; true: none remain. */
export async function eraseFollowers(
  { sql, writer }: { readonly sql: Sql; readonly writer: ReportingWriter },
  { component, appid }: FollowerAccount,
): Promise<boolean> {
  const rows = await sql
    .selectFrom('followers')
    .select('openid')
    .where('component', '=', component)
    .where('appid', '=', appid)
    .orderBy('openid')
    .limit(WINDOW)
    .execute();
  if (rows.length > 0) {
    const values = rows.flatMap(({ openid }): SqlValue[] => [component, appid, openid]);
    const each = 'delete from followers where component = ? and appid = ? and openid = ?';
    await repeat(() => writer.apply([{ each, width: 3, key: [0, 1, 2], values }]));
  }
  return rows.length < WINDOW;
}

export async function hasFollowers(sql: Sql, { component, appid }: FollowerAccount): Promise<boolean> {
  const row = await sql
    .selectFrom('followers')
    .select('openid')
    .where('component', '=', component)
    .where('appid', '=', appid)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Accounts whose consent ended before `before` and that have not authorized again since, but still have followers. */
export async function longRevoked(sql: Sql, before: Date, limit: number): Promise<FollowerAccount[]> {
  const rows = await sql
    .selectFrom('authorizers as a')
    .select(['a.component', 'a.appid'])
    .where('a.state', '=', 'revoked')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('authorizer_history as h')
            .select('h.at')
            .whereRef('h.component', '=', 'a.component')
            .whereRef('h.appid', '=', 'a.appid')
            .where('h.at', '>=', before.getTime()),
        ),
      ),
    )
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('followers as f')
          .select('f.openid')
          .whereRef('f.component', '=', 'a.component')
          .whereRef('f.appid', '=', 'a.appid'),
      ),
    )
    .limit(limit)
    .execute();
  return rows;
}
