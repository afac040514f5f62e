import type { Updateable } from 'kysely';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { AuthorizerTable } from '../database/schema.ts';
import { inTransaction } from '../database/transaction.ts';
import type { GrantEvent } from './authorizer.ts';

/** Repeated if its connection is lost; as a part of another transaction, the other one does that. */
export function inOneTransaction<T>(sql: Sql, work: (sql: Sql) => Promise<T>): Promise<T> {
  return sql.isTransaction ? work(sql) : repeat(() => inTransaction(sql, work));
}

/** Increments the grant's version; false if there is no such grant (of that version, where one is given). */
export async function changeGrantRow(
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

/** Records a change of the grant, in the same transaction. */
export async function recordEvent(
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
