import type { Platform, TokenOwner } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processRefresh(work: Platform['work']): Process<{ readonly owner: TokenOwner }> {
  return async ({ owner }, signal) => {
    const { outcome } = await work.refresh(owner, signal);
    return outcome === 'left' ? { handBack: true } : undefined;
  };
}
