import type { Sql } from '../database/open.ts';
import type { DeliveryStore } from './delivery-store.ts';
import type { DueSubscriptions } from './due-subscriptions.ts';

/** Makes every subscription due when the database says so: Redis may have lost it. */
export async function restoreDue(
  sql: Sql,
  store: Pick<DeliveryStore, 'nextDueAt'>,
  due: Pick<DueSubscriptions, 'restore'>,
): Promise<void> {
  const rows = await sql
    .selectFrom('subscriptions')
    .select(['id', 'state', 'probe_at', 'hold_until', 'ticket_at'])
    .where('state', 'in', ['active', 'failing'])
    .execute();
  const found: (readonly [string, Date])[] = [];
  for (const { id, state, probe_at, hold_until, ticket_at } of rows) {
    const pendingAt = await store.nextDueAt(id);
    const times: number[] = [];
    if (pendingAt) times.push(Math.max(pendingAt.getTime(), Number(probe_at ?? 0), Number(hold_until ?? 0)));
    // With nothing to send, it is active again.
    else if (state === 'failing') times.push(Number(probe_at ?? 0));
    if (state === 'active' && ticket_at !== null) times.push(Number(ticket_at));
    if (times.length > 0) found.push([id, new Date(Math.min(...times))]);
  }
  await due.restore(found);
}
