import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';

const PAGE_SIZE = 500;
/** After a loss of Redis all tokens are due. They are spread over time, since WeChat limits requests. */
const MIN_SPREAD_MS = 60_000;
const MAX_REFRESHES_PER_SECOND = 200;

export interface RestoreDueParts {
  readonly refreshAhead: Pick<RefreshAhead, 'restoreOnce' | 'restore'>;
  readonly authorizerStore: Pick<AuthorizerStore, 'countUsedSince' | 'usedSince'>;
}

/**
 * Fills the due times of a Redis that was emptied, in one process at a time, page by page; a process that takes over continues
 * behind the last page. Returns how many accounts were added. Accounts that are called meanwhile are refreshed on demand.
 */
export async function restoreDue(
  { refreshAhead, authorizerStore }: RestoreDueParts,
  component: string,
): Promise<number> {
  let count = 0;
  await refreshAhead.restoreOnce(component, async ({ since, after, hold }) => {
    const spreadMs = spreadOf(await authorizerStore.countUsedSince(component, since));
    for await (const page of authorizerStore.usedSince(component, since, { from: after, pageSize: PAGE_SIZE })) {
      await refreshAhead.restore(component, page, () => Math.random() * spreadMs);
      count += page.length;
      await hold(page.at(-1));
    }
  });
  return count;
}

function spreadOf(accounts: number): number {
  return Math.max(MIN_SPREAD_MS, (accounts / MAX_REFRESHES_PER_SECOND) * 1_000);
}
