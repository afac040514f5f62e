import type { Platform, TokenOwner } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

/** The process that holds the lease may die, so the job checks again soon, also if no caller waits for the token. */
const POLL_INTERVAL_MS = 1_000;

export function processRefresh(work: Platform['work']): Process<{ readonly owner: TokenOwner }> {
  return async ({ owner }, signal) => {
    const { outcome } = await work.refresh(owner, signal);
    if (outcome === 'aborted') return { requeue: true };
    // `not-here`: by then any process may take the job, and one that can ask WeChat refreshes the token.
    return outcome === 'held' || outcome === 'not-here' ? { delayMs: POLL_INTERVAL_MS } : undefined;
  };
}
