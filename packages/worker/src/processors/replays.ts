import type { Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processReplay(work: Platform['work']): Process<{ readonly id: string }> {
  return ({ id }, signal) => work.runReplaySlice(id, signal);
}
