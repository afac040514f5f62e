import type { Tickets } from '../../component/ticket.ts';
import type { Remarks } from './remarks.ts';
import type { SourceDatabase, SourceRow } from './source-database.ts';
import { msOf, textOf } from './source-values.ts';

const TICKET_LIFETIME_MS = 12 * 60 * 60_000;

/** `none`: the library has none; `expired`: its ticket has expired; `kept`: ours is as new, or newer. */
export type TicketTaken = 'none' | 'expired' | 'kept' | 'taken';

/** Imports the newest ticket, if it has not expired and is newer than ours. Tokens are not imported: new ones are fetched. */
export async function takeTicket(
  component: string,
  {
    source,
    tickets,
    remarks,
    dryRun,
  }: {
    readonly source: SourceDatabase;
    readonly tickets: Tickets;
    readonly remarks: Remarks;
    readonly dryRun: boolean;
  },
): Promise<TicketTaken> {
  const now = Date.now();
  let newest: { ticket: string; at: number } | undefined;
  let count = 0;
  for await (const row of source.rows('component_secrets')) {
    count++;
    const ticket = textOf(row, 'ticket');
    if (ticket === undefined) continue;
    const at = msOf(row, 'ticket_updated_at', now);
    if (at === undefined) remarks.note('a ticket without a plausible time; skipped', rowName(row, count));
    else if (!newest || at > newest.at) newest = { ticket, at };
  }
  if (count > 1) remarks.note('component_secrets has several rows; the newest ticket is used', `${count} rows`);
  if (!newest) return 'none';
  if (newest.at + TICKET_LIFETIME_MS <= now) return 'expired';
  // CreateTime is in seconds; the library stored the time of arrival, which is a moment later.
  const createTime = Math.floor(newest.at / 1_000);
  const held = (await tickets.view(component)) ?? (await tickets.viewCopy(component));
  if (held && held.createdAt.getTime() >= createTime * 1_000) return 'kept';
  if (dryRun) return 'taken';
  return (await tickets.keep(component, newest.ticket, createTime, new Date(newest.at))) === 'kept' ? 'taken' : 'kept';
}

function rowName(row: SourceRow, count: number): string {
  return `component_secrets, row ${textOf(row, 'id') ?? `no. ${count}`}`;
}
