import type { BulkWriter } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import type { SubscriptionStore } from '../subscription/subscription-store.ts';

/** Copies of subscriptions are seconds old; an outcome of a deleted one may still be on its way. */
const KEEP_MS = 60 * 60_000;
const WINDOW_ROWS = 500;
/** Of one scheduled run; the next one continues. */
const MAX_WINDOWS = 100;

export interface RemovalParts {
  readonly sql: Sql;
  /** So that removing many rows blocks nothing else. */
  readonly writer: BulkWriter;
  readonly subscriptions: Pick<SubscriptionStore, 'removable' | 'remove'>;
}

/** Removes the rows of subscriptions that were deleted an hour before `now`. Returns how many were removed completely. */
export async function removeDeleted({ sql, writer, subscriptions }: RemovalParts, now: number): Promise<number> {
  let windows = 0;
  let removed = 0;
  for (const subscription of await subscriptions.removable(now - KEEP_MS)) {
    for (;;) {
      const rows = await sql
        .selectFrom('deliveries')
        .select('push')
        .where('subscription', '=', subscription)
        .orderBy('push')
        .limit(WINDOW_ROWS)
        .execute();
      if (rows.length === 0) break;
      if (++windows > MAX_WINDOWS) return removed;
      const pushes = rows.map(({ push }) => push);
      // By keys: a range would lock what lies between them, too.
      await writer.write([
        {
          text: `delete from deliveries where subscription = ? and push in (${pushes.map(() => '?').join(', ')})`,
          parameters: [subscription, ...pushes],
        },
      ]);
    }
    await sql.deleteFrom('replays').where('subscription', '=', subscription).execute();
    // Last, so that an interruption anywhere is continued.
    await subscriptions.remove(subscription);
    removed++;
  }
  return removed;
}
