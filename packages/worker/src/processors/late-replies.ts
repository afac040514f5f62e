import type { Platform, Queues } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processLateReply(work: Platform['work']): Process<Queues['late-replies']> {
  return (payload) => work.sendLateReply(payload);
}
