import type { Platform, TokenOwner } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

/** Whoever holds the lease may die with it: somebody looks again soon, also where nobody waits for the token. */
const POLL_INTERVAL_MS = 1_000;

export function processRefresh(work: Platform['work']): Process<{ readonly owner: TokenOwner }> {
  return async ({ owner }, signal) => {
    const { outcome } = await work.refresh(owner, signal);
    if (outcome === 'aborted') return { requeue: true };
    // Not here: any process may take it then, and one that can ask WeChat does it.
    return outcome === 'held' || outcome === 'not-here' ? { delayMs: POLL_INTERVAL_MS } : undefined;
  };
}
