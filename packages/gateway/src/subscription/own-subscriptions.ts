import { demandAccount, ForbiddenFailure, type KeyRights, type SubscriptionFilter } from '@wxthirdparty/platform';

/**
 * A key for certain accounts may only have to do with subscriptions that name some of these and no other. Handles do not
 * count, since an account can get another one. Throws ForbiddenFailure.
 */
export function demandOwnFilter(rights: KeyRights, { accounts }: SubscriptionFilter): void {
  if (rights.accounts.length === 0) return;
  if (accounts === undefined || accounts.length === 0) throw new ForbiddenFailure({ restriction: 'accounts' });
  for (const account of accounts) demandAccount(rights, account);
}

export function hasOwnFilter({ accounts: own }: KeyRights, { accounts }: SubscriptionFilter): boolean {
  if (own.length === 0) return true;
  return accounts !== undefined && accounts.length > 0 && accounts.every((account) => own.includes(account));
}
