import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { TokenStore } from '../token/token-store.ts';
import { JS_TICKET_TYPES, jsTicketOwner } from './js-ticket-owner.ts';

/** The account has ended its consent: nothing may be signed with its tickets any more. */
export async function eraseJsTickets(
  component: string,
  appid: string,
  { tokenStore, refreshAhead }: { readonly tokenStore: TokenStore; readonly refreshAhead: RefreshAhead },
): Promise<void> {
  await Promise.all(
    JS_TICKET_TYPES.map(async (type) => {
      const owner = jsTicketOwner(type, component, appid);
      await refreshAhead.drop(owner);
      await tokenStore.erase(owner);
    }),
  );
}
